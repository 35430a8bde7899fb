import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { TUNE_SCRIPT } from "../../lib/fleet/limits.ts";
import { temporaryFolder } from "../support/folder.ts";
import { requireProgram } from "../support/programs.ts";

test("tuning in a network namespace: checked, applied twice, checked, reverted to what was found", (t) => {
  if (process.getuid?.() !== 0) {
    t.skip("needs root, for a network namespace of its own");
    return;
  }
  const folder = temporaryFolder(t);
  // Settings of the network alone are the namespace's own; those of the whole host are not to be changed by a test.
  const script = `
    mount -t proc proc /proc
    mount -o ro,bind /proc/sys/fs /proc/sys/fs 2>/dev/null || true
    export VOLLEY_ROOT=${folder}
    own='net.ipv4.(ip_local_port_range|tcp_fin_timeout|tcp_slow_start_after_idle) '
    bash ${TUNE_SCRIPT} --check | grep -E "$own" | sed 's/^/before /'
    bash ${TUNE_SCRIPT} --dry-run | grep -c ' = ' | sed 's/^/dry /'
    bash ${TUNE_SCRIPT} | grep -E '^net.ipv4.ip_local_port_range' | sed 's/^/apply /'
    bash ${TUNE_SCRIPT} | grep -cE '^net.ipv4.ip_local_port_range' | sed 's/^/again /' || true
    bash ${TUNE_SCRIPT} --check | grep -E "$own" | sed 's/^/tuned /'
    ls ${folder}/etc/sysctl.d ${folder}/etc/security/limits.d ${folder}/etc/systemd/system.conf.d | sed 's/^/file /'
    bash ${TUNE_SCRIPT} --revert >/dev/null
    bash ${TUNE_SCRIPT} --check | grep -E "$own" | sed 's/^/after /'
    ls ${folder}/etc/sysctl.d | sed 's/^/left /'
  `;
  const output = execFileSync("unshare", ["-n", "-m", "-p", "-f", "bash", "-c", script], { encoding: "utf8" });
  const of = (mark: string): string[] =>
    output.split("\n").flatMap((line) => (line.startsWith(`${mark} `) ? [line.slice(mark.length + 1)] : []));
  assert.match(of("before").join("\n"), /ip_local_port_range +32768 60999 +1024 65535 +NO/);
  assert.equal(of("apply")[0], "net.ipv4.ip_local_port_range: 32768 60999 -> 1024 65535");
  assert.equal(of("again")[0] ?? "0", "0", "a second time changes nothing");
  for (const line of of("tuned")) assert.match(line, / ok$/);
  assert.equal(of("file").filter((line) => line === "90-volley.conf").length, 3);
  assert.deepEqual(of("after"), of("before"));
  assert.deepEqual(of("left"), []);
});

test("shellcheck has nothing against the script", (t) => {
  const shellcheck = requireProgram(t, "shellcheck", "shellcheck");
  if (shellcheck === undefined) return;
  execFileSync(shellcheck, [TUNE_SCRIPT], { stdio: "pipe" });
});
