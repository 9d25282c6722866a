/** Codes of google.rpc that OTLP's refusals carry. */
export const Code = { InvalidArgument: 3, NotFound: 5, PermissionDenied: 7, Unavailable: 14, Unauthenticated: 16 } as const;

/** How soon a sender should come again; a container starts in two or three seconds. */
const RETRY_AFTER_SECS = "3";

/**
 * A refusal as OTLP/HTTP has it: a `google.rpc.Status` in the encoding of the request (opentelemetry-proto, OTLP/HTTP
 * response, failures). Senders repeat 429, 502, 503 and 504 alone, so whatever is our own doing must be a 503.
 */
export function refusal(request: Request, status: number, code: number, message: string): Response {
  const headers = new Headers(status === 503 || status === 429 ? { "retry-after": RETRY_AFTER_SECS } : {});
  if (request.headers.get("content-type")?.startsWith("application/x-protobuf")) {
    headers.set("content-type", "application/x-protobuf");
    return new Response(statusMessage(code, message), { status, headers });
  }
  return Response.json({ code, message }, { status, headers });
}

/** `google.rpc.Status {int32 code = 1; string message = 2;}` on the wire; the text is cut so that its length is one byte. */
function statusMessage(code: number, message: string): Uint8Array {
  const text = new TextEncoder().encode(message.replace(/[^\x20-\x7e]/g, "?").slice(0, 127));
  return new Uint8Array([0x08, code, 0x12, text.length, ...text]);
}
