import { z } from "zod";
import { isHostEntry } from "../guard/hostGuard.ts";
import { HTTP_URL, isHttpUrl, isTargetUrl, TARGET_URL } from "./httpUrl.ts";
import { patternProblem } from "./pattern.ts";

export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/)
  .describe("Letters, digits, dot, dash and underscore; at most 63");

export const httpUrl = z.string().refine(isHttpUrl, HTTP_URL).describe("An absolute http or https URL");

export const targetUrl = z.string().refine(isTargetUrl, TARGET_URL).describe("An absolute http, https, ws or wss URL");

export const hostEntry = z
  .string()
  .refine(isHostEntry, 'a host name, "*." and a domain, an address, or a block such as "10.0.0.0/8"');

export const token = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);

export const pattern = z.string().superRefine((text, context) => {
  const message = patternProblem(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

export const headerValue = z.string().regex(/^[^\r\n\0]*$/);
