/** The part of S3's API that logboom's backups speak, on an R2 binding: no signature, for nobody but containers gets here. */

const MOST_LISTED = 1000;

/** `/r2/{binding}/{key}`, or `/r2/{binding}?list-type=2` and `?delete`. */
export async function objects(bucket: R2Bucket, key: string, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  try {
    if (key === "" && request.method === "GET") return await listed(bucket, searchParams);
    if (key === "" && request.method === "POST" && searchParams.has("delete")) return await deleted(bucket, await request.text());
    if (request.method === "PUT") return await put(bucket, key, request);
    if (request.method === "GET") return await got(bucket, key);
    if (request.method === "DELETE") {
      await bucket.delete(key);
      return new Response(null, { status: 204 });
    }
  } catch (error) {
    return refused(500, "InternalError", error instanceof Error ? error.message : String(error));
  }
  return refused(405, "MethodNotAllowed", request.method);
}

async function put(bucket: R2Bucket, key: string, request: Request): Promise<Response> {
  const fresh = request.headers.get("if-none-match") === "*";
  const stored = await bucket.put(key, await request.arrayBuffer(), fresh ? { onlyIf: { etagDoesNotMatch: "*" } } : {});
  if (stored === null) return refused(412, "PreconditionFailed", "there is one already");
  return new Response(null, { headers: { etag: stored.httpEtag } });
}

async function got(bucket: R2Bucket, key: string): Promise<Response> {
  const found = await bucket.get(key);
  if (found === null) return refused(404, "NoSuchKey", "there is none of that name");
  const headers = {
    etag: found.httpEtag, "content-length": String(found.size), "last-modified": found.uploaded.toUTCString(),
  };
  return new Response(found.body, { headers });
}

async function listed(bucket: R2Bucket, asked: URLSearchParams): Promise<Response> {
  const found = await bucket.list({
    prefix: asked.get("prefix") ?? "", cursor: asked.get("continuation-token") ?? undefined, limit: MOST_LISTED,
  });
  const contents = found.objects.map(
    ({ key, size, uploaded, httpEtag }) =>
      `<Contents><Key>${escaped(key)}</Key><LastModified>${uploaded.toISOString()}</LastModified>` +
      `<ETag>${escaped(httpEtag)}</ETag><Size>${size}</Size></Contents>`,
  );
  const next = found.truncated ? `<NextContinuationToken>${escaped(found.cursor)}</NextContinuationToken>` : "";
  return xml(
    200,
    `<ListBucketResult><IsTruncated>${found.truncated}</IsTruncated><KeyCount>${contents.length}</KeyCount>` +
      `${next}${contents.join("")}</ListBucketResult>`,
  );
}

async function deleted(bucket: R2Bucket, body: string): Promise<Response> {
  const keys = [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => unescaped(key ?? ""));
  await bucket.delete(keys);
  return xml(200, `<DeleteResult>${keys.map((key) => `<Deleted><Key>${escaped(key)}</Key></Deleted>`).join("")}</DeleteResult>`);
}

const refused = (status: number, code: string, message: string): Response =>
  xml(status, `<Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`);
const xml = (status: number, body: string): Response =>
  new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`, { status, headers: { "content-type": "application/xml" } });

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
const unescaped = (text: string): string =>
  Object.entries(ENTITIES).reduceRight((found, [character, entity]) => found.replaceAll(entity, character), text);
