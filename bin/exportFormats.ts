/** The formats of `volley export`. */
export const EXPORT_FORMATS = [
  "csv",
  "markdown",
  "junit",
  "slack",
  "prometheus",
  "vegeta",
  "vegeta-json",
  "otlp",
  "hgrm",
  "hlog",
] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number];
