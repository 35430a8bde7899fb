import { join } from "node:path";

/** Where a thread without a store may write one object: a file, or a URL that takes a PUT. */
export type LastWordsPlace = { file: string } | { url: string };

/** How long the signed URL is valid, in s: longer than any role's credentials. */
const SIGNED_S = 21_600;

/** The place of an object in the store that a URI names; its bucket's region may be another one than this process's. */
export async function lastWordsPlace(uri: string, key: string, region?: string): Promise<LastWordsPlace> {
  const [, folder] = /^file:(.*)$/s.exec(uri) ?? [];
  if (folder !== undefined) return { file: join(folder, key) };
  const { PutObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
  const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
  // By default, the checksum of an empty body is signed too.
  const client = new S3Client({ requestChecksumCalculation: "WHEN_REQUIRED", ...(region !== undefined && { region }) });
  const command = new PutObjectCommand({ Bucket: uri.replace(/^s3:/, ""), Key: key });
  return { url: await getSignedUrl(client, command, { expiresIn: SIGNED_S }) };
}
