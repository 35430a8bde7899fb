/** HTTP statuses that each have their own class: the registered ones, and those of common proxies and CDNs. */
const KNOWN = new Set([
  ...[100, 101, 102, 103],
  ...[200, 201, 202, 203, 204, 205, 206, 207, 208, 226],
  ...[300, 301, 302, 303, 304, 305, 307, 308],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418],
  ...[421, 422, 423, 424, 425, 426, 428, 429, 431, 444, 451, 460, 463, 464, 494, 495, 496, 497, 499],
  ...[500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511],
  ...[520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 561, 598, 599],
]);

/** The class of a response by its HTTP status: `http-404`, or `http-4xx` for an undefined status. */
export function httpClass(status: number): string {
  return `http-${statusName(status)}`;
}

/** A status as a part of a class's name: `404`, or `4xx` for an undefined one, so that a server cannot make up many. */
export function statusName(status: number): string {
  return KNOWN.has(status) ? String(status) : `${Math.floor(status / 100)}xx`;
}
