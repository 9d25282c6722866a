// The envelope of Cloudflare's API v4.
export const json = (status, body, headers) => Response.json(body, { status, headers });
export const done = (result, extra = {}) => json(200, { success: true, errors: [], messages: [], result, ...extra });
export const failed = (status, code, message) =>
  json(status, { success: false, errors: [{ code, message }], messages: [], result: null });
