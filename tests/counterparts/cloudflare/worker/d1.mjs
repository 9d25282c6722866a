// D1's REST paths over D1 bindings: GET/POST database, POST database/:id/query and /raw.
import { done, failed } from "./answers.mjs";

const MAX_VALUE_BYTES = 2_000_000; // production refuses longer strings; workerd's SQLite does not
const names = new Map(); // name given at creation → id; a new database is one of the pool that has no name yet

export async function d1(request, env, [id, action]) {
  const pool = JSON.parse(env.DATABASES);
  if (!id) return request.method === "POST" ? create(await request.json(), pool) : list(request, pool);
  if (!(id in pool)) return failed(404, 7404, `The database ${id} could not be found`);
  if (!action) return done({ uuid: id, name: nameOf(id) ?? pool[id], version: "production" });
  if (request.method !== "POST" || !["query", "raw"].includes(action)) return failed(405, 10405, "Method not allowed");
  return run(env[pool[id]], action, await request.text());
}

const nameOf = (id) => [...names].find(([, named]) => named === id)?.[0];

function create({ name }, pool) {
  if (names.has(name)) return failed(400, 7502, `A database with the name ${name} already exists`);
  const free = Object.keys(pool).reverse().find((id) => !nameOf(id));
  names.set(name, free);
  return done({ uuid: free, name, version: "production" });
}

function list(request, pool) {
  const wanted = new URL(request.url).searchParams.get("name");
  const all = Object.keys(pool).map((id) => ({ uuid: id, name: nameOf(id) ?? pool[id] }));
  const found = wanted === null ? all : all.filter(({ name }) => name.includes(wanted)); // as production: a search
  return done(found, { result_info: { count: found.length, page: 1, per_page: 100, total_count: found.length } });
}

async function run(database, action, text) {
  let body;
  try { body = JSON.parse(text); } catch { return failed(400, 7400, "The request is malformed: Invalid JSON"); }
  const queries = Array.isArray(body?.batch) ? body.batch : [body];
  if (!queries.length || !queries.every(wellFormed)) return failed(400, 7400, "The request is malformed: Invalid property");
  if (queries.some(({ params }) => params?.some(tooLong))) return failed(400, 7500, "string or blob too big: SQLITE_TOOBIG");
  try {
    const statements = queries.map(({ sql, params }) => bound(database.prepare(sql), params));
    const results = statements.length === 1 ? [await statements[0].all()] : await database.batch(statements);
    return done(results.map(({ results: rows, success, meta }) => ({ meta, success, results: shaped(action, rows) })));
  } catch (error) {
    return failed(400, 7500, String(error.message ?? error).replace(/^D1_[A-Z_]*ERROR: /, ""));
  }
}

const wellFormed = (query) => typeof query?.sql === "string" && (query.params ?? []).every((value) => typeof value === "string");
const tooLong = (text) => text.length * 3 > MAX_VALUE_BYTES && new TextEncoder().encode(text).length > MAX_VALUE_BYTES;
const bound = (statement, params) => (params?.length ? statement.bind(...params) : statement);
const shaped = (action, rows) =>
  action === "query" ? rows : { columns: Object.keys(rows[0] ?? {}), rows: rows.map((row) => Object.values(row)) };
