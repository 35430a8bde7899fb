import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Makes a key and a certificate for this machine in a folder. */
export function makeCertificate(openssl: string, folder: string): { key: string; cert: string } {
  const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  execFileSync(openssl, ["req", "-x509", ...curve, "-subj", "/CN=localhost", "-days", "2", "-out", cert], {
    stdio: "pipe",
  });
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}
