/** The envelope of Cloudflare's API v4. */
export const done = (result: unknown): Response => Response.json({ success: true, errors: [], messages: [], result });

export const failed = (status: number, code: number, message: string): Response =>
  Response.json({ success: false, errors: [{ code, message }], messages: [], result: null }, { status });

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
