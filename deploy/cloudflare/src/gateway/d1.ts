import { done, failed, messageOf } from "./answers";

interface Query {
  sql: string;
  params?: string[];
}

/** `{"sql", "params"}` or `{"batch": [...]}`: one transaction, one result a statement. */
export async function query(database: D1Database, request: Request): Promise<Response> {
  const queries = await read(request);
  if (!queries) return failed(400, 7400, "The request is malformed");
  try {
    const results = await database.batch(queries.map(({ sql, params }) => database.prepare(sql).bind(...(params ?? []))));
    return done(results.map(({ results: rows, success, meta }) => ({ results: rows, success, meta })));
  } catch (error) {
    const message = messageOf(error).replace(/^D1_[A-Z_]*ERROR: /, "");
    // As the REST API: 400 is what SQLite says to a statement, 500 what went wrong around it and is worth another try.
    return failed(message.includes("SQLITE_") ? 400 : 500, 7500, message);
  }
}

async function read(request: Request): Promise<Query[] | undefined> {
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    return undefined;
  }
  const batch: unknown = body && typeof body === "object" && "batch" in body ? body.batch : [body];
  return Array.isArray(batch) && batch.length > 0 && batch.every(isQuery) ? batch : undefined;
}

const isQuery = (value: Partial<Query> | null): value is Query =>
  typeof value?.sql === "string" && (value.params === undefined || isTexts(value.params));
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((text) => typeof text === "string");
