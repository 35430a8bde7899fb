import { getPriority, setPriority } from "node:os";

/*
 * Imported before a test file that computes: it and what it starts give way to the tests that send load, which need a
 * core at the instant when a request is due.
 */
setPriority(Math.max(10, getPriority()));
