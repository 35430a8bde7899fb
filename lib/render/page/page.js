// lib/render/page/data.ts
var report = JSON.parse(document.getElementById("data")?.textContent ?? "");
function replaceReport(next) {
  report = next;
}

// lib/plan/visible.ts
var UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115F\u1160\u3164\uFFA0]/gu;
function visible(text) {
  return text.replace(/[\t\n\r\u2028\u2029]+/g, " ").replace(UNPRINTABLE, "?");
}

// lib/report/escape.ts
function csvField(value) {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const clean = visible(value);
  const text = /^\s*[=+\-@＝＋－＠]/.test(clean) ? `'${clean}` : clean;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
function escapeMarkdown(text) {
  return visible(text).replace(/[&@]/g, (character) => `&#${character.charCodeAt(0)};`).replace(/[\\`*_[\]<>|~]/g, "\\$&").replace(/\s+/g, " ");
}

// lib/render/page/tableTools.ts
var ROWS_WORTH_A_SEARCH = 8;
function tableTools(shown, rows, search) {
  const tools = element("div", { class: "tools", role: "group", "aria-label": `Tools of the table: ${shown.caption}` });
  if (rows >= ROWS_WORTH_A_SEARCH) {
    const field = element("input", {
      type: "search",
      placeholder: "Search",
      "aria-label": `Search in: ${shown.caption}`
    });
    field.addEventListener("input", () => search(field.value));
    tools.append(field);
  }
  for (const [name, render] of [
    ["Markdown", markdownOf],
    ["CSV", csvOf]
  ]) {
    const button = element("button", { type: "button" }, `Copy as ${name}`);
    button.addEventListener("click", async () => {
      const isDone = await copy(render(shown));
      button.textContent = isDone ? "Copied" : "Not copied";
      setTimeout(() => {
        button.textContent = `Copy as ${name}`;
      }, 1500);
    });
    tools.append(button);
  }
  return tools;
}
function markdownOf({ titles, lines }) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const texts = lines().map((cells) => line(cells.map(({ text }) => escapeMarkdown(text))));
  return `${[line(titles.map(escapeMarkdown)), line(titles.map((_, place) => place === 0 ? "---" : "---:")), ...texts].join("\n")}
`;
}
function csvOf({ titles, lines }) {
  const plain = ({ text, value }) => text === "–" ? null : value;
  const texts = lines().map((cells) => cells.map((cell) => csvField(plain(cell))).join(","));
  return `${[titles.map(csvField).join(","), ...texts].join("\r\n")}\r
`;
}
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const place = element("textarea", { "aria-hidden": "true" });
    place.value = text;
    document.body.append(place);
    place.select();
    const isDone = document.execCommand("copy");
    place.remove();
    return isDone;
  }
}

// lib/render/page/elements.ts
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
var whole = new Intl.NumberFormat("en");
var short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
function count(value, bad = false) {
  return { text: whole.format(value), value, bad: bad && value > 0 };
}
function rate(value) {
  return { text: value >= 1e3 ? whole.format(Math.round(value)) : short.format(value), value };
}
function ms(value) {
  if (value === null || value === void 0) return { text: "–", value: -1 };
  return { text: value >= 1e3 ? whole.format(Math.round(value)) : short.format(value), value };
}
function share(value) {
  if (value === null) return { text: "–", value: -1 };
  return { text: `${Math.floor(value * 1e5) / 1e3} %`, value };
}
function words(value, bad = false) {
  return { text: value, value, bad };
}
var ROWS_AT_FIRST = 100;
function table(caption, columns2, rows) {
  const body = element("tbody");
  const cells = rows.map((row) => columns2.map((column) => column.cell(row)));
  const order = cells.map((_, line) => line);
  let most = ROWS_AT_FIRST;
  let searched = "";
  const lines = () => order.map((line) => cells[line] ?? []).filter((line) => isFound(line, searched));
  const show = () => body.replaceChildren(...lines().slice(0, most).map(tableRow));
  show();
  const heads = columns2.map(({ title, hint }, index) => {
    const button = element("button", { type: "button", ...hint !== void 0 && { title: hint } }, title);
    const isText = typeof cells[0]?.[index]?.value === "string";
    const head2 = element("th", { scope: "col", ...isText && { class: "text" } }, button);
    button.addEventListener("click", () => {
      const descending = head2.getAttribute("aria-sort") === "ascending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head2.setAttribute("aria-sort", descending ? "descending" : "ascending");
      order.sort((a, b) => a - b);
      order.sort((a, b) => compare(cells[a]?.[index]?.value, cells[b]?.[index]?.value) * (descending ? -1 : 1));
      show();
    });
    return head2;
  });
  const head = element("thead", {}, element("tr", {}, ...heads));
  const attributes = { class: "wide", tabindex: "0", role: "region", "aria-label": caption };
  const place = element("div", attributes, element("table", {}, element("caption", {}, caption), head, body));
  const tools = tableTools({ caption, titles: columns2.map(({ title }) => title), lines }, rows.length, (text) => {
    searched = text.toLowerCase();
    show();
  });
  const whole2 = element("div", { class: "table" }, place, tools);
  if (rows.length > most) {
    const more = element("button", { type: "button" }, `Show all ${new Intl.NumberFormat("en").format(rows.length)}`);
    more.addEventListener("click", () => {
      most = rows.length;
      show();
      more.remove();
    });
    tools.prepend(more);
  }
  return whole2;
}
function isFound(line, searched) {
  return searched === "" || line.some(({ text }) => text.toLowerCase().includes(searched));
}
function tableRow(line) {
  const row = element("tr");
  for (const [index, { text, value, bad }] of line.entries()) {
    const kind = [bad ? "bad" : "", typeof value === "string" ? "text" : ""].join(" ").trim();
    const attributes = { ...index === 0 && { scope: "row" }, ...kind !== "" && { class: kind } };
    row.append(element(index === 0 ? "th" : "td", attributes, text));
  }
  return row;
}
function compare(a = 0, b = 0) {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

// lib/render/page/answerHeaders.ts
function rateLimitTable() {
  const rows = report.chains.flatMap(
    ({ name, rateLimits }) => rateLimits ? rateLimits.headers.map((header2) => ({ chain: name, responses: rateLimits.responses, ...header2 })) : []
  );
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Rate-limited", hint: "responses", cell: ({ responses }) => count(responses, true) },
    { title: "Header", cell: ({ name }) => words(name) },
    { title: "In", hint: "responses that had it", cell: (row) => count(row.count) },
    { title: "Min", cell: ({ min }) => ms(min) },
    { title: "Max", cell: ({ max }) => ms(max) },
    { title: "One of them", cell: ({ sample }) => words(sample) }
  ];
  return [table("What rate-limited responses said in their headers; a date of retry-after in seconds", columns2, rows)];
}
function limitTable() {
  const rows = report.chains.flatMap(({ name, limit }) => limit ? [{ chain: name, ...limit }] : []);
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Shape", hint: "shut: nothing came through after the burst", cell: ({ shape }) => words(shape) },
    { title: "Requests/s", hint: "in the long run", cell: ({ rps }) => ms(rps) },
    { title: "from", cell: ({ rpsInterval }) => ms(rpsInterval?.[0]) },
    { title: "to", cell: ({ rpsInterval }) => ms(rpsInterval?.[1]) },
    { title: "Burst", hint: "at once after a pause; of windows, in one window", cell: ({ burst }) => ms(burst) },
    { title: "Window, ms", cell: ({ windowMs }) => ms(windowMs) }
  ];
  return [table("The shape of the rate limit", columns2, rows)];
}
function lookupTable() {
  const rows = report.chains.flatMap(({ name, lookups = [] }) => lookups.map((each) => ({ chain: name, ...each })));
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Lookup", cell: ({ name }) => words(name) },
    { title: "Calls", hint: "beside the requests", cell: ({ calls }) => count(calls) },
    { title: "New values", cell: ({ values }) => count(values) },
    { title: "Failed", hint: "the latest value stayed", cell: ({ failed }) => count(failed, true) }
  ];
  return [table("Lookups: calls whose results filled in requests", columns2, rows)];
}
function blockAgeTable() {
  const rows = report.chains.flatMap(({ name, blockAges = [] }) => blockAges.map((each) => ({ chain: name, ...each })));
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Block", cell: ({ age }) => words(age === "recent" ? "of the newest 128" : "older") },
    { title: "Responses", cell: ({ responses }) => count(responses) },
    { title: "Success", cell: ({ success }) => share(success) },
    ...["p50", "p90", "p99", "max"].map(
      (name) => ({ title: name, cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name]) })
    )
  ];
  return [table("By the age of the block asked for; response time in ms", columns2, rows)];
}
function nodeSection() {
  const chains = report.chains.flatMap(({ name, nodes }) => nodes ? [{ chain: name, ...nodes }] : []);
  if (chains.length === 0) return [];
  const rows = chains.flatMap(({ chain, list }) => list.map((node) => ({ chain, ...node })));
  const columns2 = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Node", cell: ({ name }) => words(name) },
    { title: "Responses", cell: ({ responses }) => count(responses) },
    { title: "Share", cell: (row) => share(row.share) },
    { title: "Success", cell: ({ success }) => share(success) },
    ...["p50", "p90", "p99", "max"].map(
      (name) => ({ title: name, cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name]) })
    )
  ];
  const balance = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    {
      title: "Busiest ÷ mean",
      hint: "1 if all nodes answer the same number",
      cell: ({ imbalance }) => rate(imbalance)
    },
    {
      title: "Sticky",
      hint: "responses from the node before, on the same connection",
      cell: ({ sticky }) => share(sticky)
    },
    { title: "by chance", hint: "if each node were drawn by its share", cell: (row) => share(row.stickyByChance) }
  ];
  return [
    element("h2", {}, "Nodes"),
    table("Which node answered, by the plan's header; response time in ms", columns2, rows),
    table("How the balancer spreads requests", balance, chains)
  ];
}

// lib/report/sloLine.ts
var SUBSCRIBER_SHARES = ["subscribed", "notifications", "missed", "doubled", "dropped"];
var SHARES = ["success", "class", ...SUBSCRIBER_SHARES];
var OF_SUBSCRIBERS = [...SUBSCRIBER_SHARES, "subscribe-p99", "lag-p99"];
var FLOORS = ["success", "relay-rate", "cu-rate", "subscribed", "notifications"];
function unitOf({ line }) {
  if (SHARES.includes(line)) return "share";
  if (line === "relay-rate" || line === "cu-rate") return "rate";
  return line === "cost" || line === "cu-cost" ? "usd" : "ms";
}
function isFloor({ line }) {
  return FLOORS.includes(line);
}
function lineName({ line, class: failure = "" }) {
  if (line === "class") return failure;
  if (OF_SUBSCRIBERS.includes(line)) return `${failure}: ${line.replace("-", " ")}`;
  return NAMES[line] ?? line.replace("p999", "p99.9");
}
var NAMES = {
  "relay-rate": "valid relays/s",
  cost: "$ per million relays",
  "cu-rate": "CU/s of valid relays",
  "cu-cost": "$ per million CU"
};
function nothingFound({ line }) {
  if (line === "subscribe-p99") return "nobody was subscribed";
  return line === "cost" || line === "cu-cost" ? "not measured" : "no response";
}

// lib/report/units.ts
function roundUsd(usd) {
  return Number(usd >= 0.1 ? usd.toFixed(2) : usd.toPrecision(2));
}
function usdText(usd) {
  const rounded = roundUsd(usd);
  return `$${rounded === 0 || rounded >= 0.1 ? rounded.toFixed(2) : rounded}`;
}

// lib/render/page/tables.ts
var ALL = "all chains";
var trafficColumns = [
  { title: "Offered/s", cell: ({ offeredRps }) => rate(offeredRps) },
  { title: "Achieved/s", cell: ({ achievedRps }) => rate(achievedRps) },
  { title: "Success", hint: "valid relays ÷ requests sent", cell: ({ success }) => share(success) }
];
var countColumns = [
  { title: "sent", cell: ({ ledger }) => count(ledger.sent) },
  { title: "missed", cell: ({ ledger }) => count(ledger.missed, true) },
  { title: "errors", cell: ({ ledger }) => count(ledger.errors, true) },
  { title: "invalid", cell: ({ ledger }) => count(ledger.invalid, true) }
];
var latencyColumns = [
  ...["p50", "p90", "p95", "p99", "p999", "max"].map(
    (name) => ({
      title: name.replace("p999", "p99.9"),
      hint: "response time in ms, from the instant at which the request was due",
      cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name])
    })
  ),
  ...["p50", "p99"].map(
    (name) => ({
      title: `service ${name}`,
      hint: "service time in ms, from the instant at which the request was sent",
      cell: ({ serviceTimeMs }) => ms(serviceTimeMs?.[name])
    })
  ),
  ...["p50", "p99"].map(
    (name) => ({
      title: `send lag ${name}`,
      hint: "the generator's own lateness in ms",
      cell: ({ sendLagMs }) => ms(sendLagMs?.[name])
    })
  )
];
var quantiles = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999, max: 1 };
function allSent({ responseTimeAllMs, ledger }, name) {
  const cell = ms(responseTimeAllMs?.[name]);
  const answered = ledger.responses / Math.max(1, ledger.responses + ledger.errors);
  return responseTimeAllMs && quantiles[name] > answered ? { ...cell, text: `≥ ${cell.text}`, bad: true } : cell;
}
function sloTable() {
  const rows = report.chains.flatMap(({ name, slo, targets, methods = [] }) => [
    ...slo.map((line) => ({ of: name, ...line })),
    ...targets.flatMap((target) => target.slo.map((line) => ({ of: `${name}, ${target.name}`, ...line }))),
    ...methods.flatMap(({ method, slo: own }) => own.map((line) => ({ of: `${name}, ${method}`, ...line })))
  ]);
  for (const { name: region, chains } of report.regions ?? []) {
    rows.push(...chains.flatMap(({ name, slo }) => slo.map((line) => ({ of: `${name} from ${region}`, ...line }))));
  }
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Of", cell: ({ of }) => words(of) },
    { title: "Line", cell: (row) => words(lineName(row)) },
    { title: "Asked", cell: (row) => words(`${isFloor(row) ? "≥" : "≤"} ${levelText(row, row.limit)}`) },
    {
      title: "Found",
      cell: (row) => row.found === null ? words(nothingFound(row), true) : words(levelText(row, row.found))
    },
    { title: "Met", cell: ({ pass }) => words(pass ? "✓" : "✗", !pass) }
  ];
  return [element("h2", {}, "SLO"), table("Percentiles of the response time are of all requests sent", columns2, rows)];
}
function levelText(line, value) {
  switch (unitOf(line)) {
    case "share":
      return share(value).text;
    case "rate":
      return rate(value).text;
    case "usd":
      return usdText(value);
    case "ms":
      return `${ms(value).text} ms`;
  }
}
function chainTables() {
  const all = [...report.chains, { ...report.total, name: ALL }];
  const name = { title: "Chain", cell: (row) => words(row.name) };
  const entries = ["scheduled", "sent", "missed", "responses", "errors", "unfinished", "valid", "invalid"];
  const ledger = entries.filter((key) => key !== "unfinished" || report.total.ledger.unfinished > 0).map((key) => ({
    title: key,
    cell: (row) => count(row.ledger[key], key === "missed" || key === "errors" || key === "invalid")
  }));
  if (report.chains.some(({ truth }) => truth)) {
    ledger.push({
      title: "gateway counted",
      hint: "what the stand-in gateway itself counted",
      cell: ({ truth }) => truth ? count(truth.requests) : words("")
    });
  }
  const failing = all.filter((row) => row.ledger.errors > 0);
  const allColumns = [
    name,
    ...["p50", "p90", "p95", "p99", "p999", "max"].map(
      (percentile) => ({
        title: percentile.replace("p999", "p99.9"),
        cell: (row) => allSent(row, percentile)
      })
    )
  ];
  return [
    element("h2", {}, "Chains"),
    table("Rate and response time in ms", [name, ...trafficColumns, ...latencyColumns], all),
    ...failing.length > 0 ? [table("Response time of all requests sent, those without a response included, in ms", allColumns, failing)] : [],
    element("h2", {}, "Ledger"),
    table(
      "scheduled = sent + missed; sent = responses + errors (+ in flight at an abort); responses = valid + invalid",
      [name, ...ledger],
      all
    )
  ];
}
function outcomeTable() {
  const kinds = ["missed", "errors", "invalid", "answers", "statuses"];
  const titles = {
    missed: "not sent",
    errors: "no response",
    invalid: "invalid response",
    answers: "answer of the node",
    statuses: "HTTP status"
  };
  const isBad = (kind) => kind !== "statuses" && kind !== "answers";
  const classes = kinds.flatMap(
    (kind) => Object.entries(report.total[kind] ?? {}).map(([key, sum]) => ({ kind, key, count: sum }))
  );
  if (classes.length === 0) return [];
  const perChain = report.chains.map(
    (chain) => ({
      title: chain.name,
      cell: ({ kind, key }) => count(chain[kind]?.[key] ?? 0, isBad(kind))
    })
  );
  return [
    element("h2", {}, "Outcomes"),
    table(
      "Requests by status and by class of what went wrong",
      [
        { title: "What", cell: ({ kind }) => words(titles[kind]) },
        { title: "Class", cell: ({ key }) => words(key) },
        ...perChain,
        { title: ALL, cell: ({ kind, count: sum }) => count(sum, isBad(kind)) }
      ],
      classes
    ),
    ...sampleTable(),
    ...rateLimitTable(),
    ...limitTable(),
    ...lookupTable(),
    ...blockAgeTable()
  ];
}
function sampleTable() {
  const rows = report.chains.flatMap(({ name, samples = [] }) => samples.map((sample) => ({ chain: name, ...sample })));
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Class", cell: (row) => words(row.class) },
    { title: "HTTP", cell: ({ status }) => words(String(status)) },
    { title: "Code", cell: ({ code }) => words(code === void 0 ? "" : String(code)) },
    { title: "Message", cell: ({ message }) => words(message ?? "") },
    { title: "Its body begins", cell: ({ begins }) => words(begins) }
  ];
  return [table("One response of each class, without what may be secret", columns2, rows)];
}
var hostColumn = { title: "Hosts", cell: ({ hosts }) => words(hosts.join(", ")) };
function targetTable() {
  const rows = report.chains.flatMap(({ name, targets }) => targets.map((target) => ({ chain: name, ...target })));
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Target", cell: ({ name }) => words(name) },
    { title: "sent", cell: ({ sent }) => count(sent) },
    { title: "Success", cell: ({ success }) => share(success) },
    { title: "errors", cell: ({ errors }) => count(errors, true) },
    { title: "invalid", cell: ({ invalid }) => count(invalid, true) },
    ...["p50", "p90", "p99", "max"].map(
      (name) => ({ title: name, cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name]) })
    )
  ];
  return [element("h2", {}, "Targets"), table("Each target's own figures; response time in ms", columns2, rows)];
}
function methodTable() {
  const rows = report.chains.flatMap(({ name, methods = [] }) => methods.map((each) => ({ chain: name, ...each })));
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Method", cell: ({ method }) => words(method) },
    { title: "sent", cell: ({ sent }) => count(sent) },
    { title: "Success", cell: ({ success }) => share(success) },
    { title: "errors", cell: ({ errors }) => count(errors, true) },
    { title: "invalid", cell: ({ invalid }) => count(invalid, true) },
    ...["p50", "p90", "p95", "p99", "p999", "max"].map(
      (name) => ({
        title: name.replace("p999", "p99.9"),
        cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name])
      })
    )
  ];
  return [element("h2", {}, "Methods"), table("Each method's figures; response time in ms", columns2, rows)];
}
function trafficTables() {
  const all = [...report.chains, { ...report.total, name: ALL }];
  const seconds = Math.max(1, report.run.measuredMs / 1e3);
  const name = { title: "Chain", cell: (row) => words(row.name) };
  const columns2 = [
    name,
    { title: "sent, bytes", cell: ({ bytesSent }) => count(bytesSent) },
    { title: "received", cell: ({ bytesReceived }) => count(bytesReceived) },
    { title: "decoded", hint: "after gzip, deflate, br or zstd", cell: ({ bytesDecoded }) => count(bytesDecoded) },
    {
      title: "received a response",
      cell: ({ bytesReceived, ledger }) => count(Math.round(bytesReceived / Math.max(1, ledger.responses)))
    },
    { title: "received, kB/s", cell: ({ bytesReceived }) => ms(bytesReceived / 1e3 / seconds) }
  ];
  const opened = report.generator.all.reduce((sum, point) => sum + point.opened, 0);
  const most = Math.max(0, ...report.generator.all.map(({ connections: connections2 }) => connections2));
  const each = report.total.ledger.sent / Math.max(1, opened);
  const connections = `${whole.format(opened)} connections were opened during the run, at most ${whole.format(most)} were open at once; ` + (opened === 0 ? "no request waited for one." : `${whole.format(Math.round(each))} requests for each opened.`);
  const timings = all.flatMap(
    (row) => Object.entries(row.timingsMs).map(([part, latency]) => ({ chain: row.name, part, latency }))
  );
  const timingColumns = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Part", cell: ({ part }) => words(part) },
    ...["p50", "p90", "p99", "max"].map(
      (percentile) => ({ title: percentile, cell: ({ latency }) => ms(latency?.[percentile]) })
    )
  ];
  return [
    element("h2", {}, "Connections and bytes"),
    element("p", {}, connections),
    table("Bytes of bodies", columns2, all),
    ...timings.length > 0 ? [table("Parts of the time, in ms", timingColumns, timings)] : []
  ];
}
function steadyTable() {
  const rows = [...report.chains, { ...report.total, name: ALL }].flatMap(
    ({ name, steady, responseTimeMs }) => "why" in steady ? [] : [{ name, steady, overall: responseTimeMs }]
  );
  const { run, coolDownMs } = report;
  const warmup = run.warmupMs > 0 ? `${run.warmupMs / 1e3} s of warm-up before it, in no figure` : "no warm-up";
  const phases = `Measured ${run.measuredMs / 1e3} s; ${warmup}; ${ms(coolDownMs).text} ms from the end to the last response.`;
  if (rows.length === 0) {
    const why = "why" in report.total.steady ? report.total.steady.why : "";
    return [element("h2", {}, "Phases"), element("p", {}, `${phases} No steady state was found: ${why}.`)];
  }
  const columns2 = [
    { title: "Chain", cell: ({ name }) => words(name) },
    { title: "steady from, s", cell: ({ steady }) => count(steady.fromMs / 1e3) },
    { title: "Success", cell: ({ steady }) => share(steady.success) },
    ...["p50", "p90", "p99"].flatMap((name) => [
      { title: name, cell: ({ steady }) => ms(steady.responseTimeMs?.[name]) },
      { title: `whole run ${name}`, cell: ({ overall }) => ms(overall?.[name]) }
    ])
  ];
  const caption = "The steady state begins where leaving out more of the beginning would not make the mean surer (MSER)";
  return [element("h2", {}, "Phases"), element("p", {}, phases), table(caption, columns2, rows)];
}
var regionColumn = { title: "Region", cell: ({ region = "" }) => words(region) };
function clockCell(clock) {
  if (!clock) return ms(null);
  const text = `${ms(clock.errorMs).text} ± ${ms(clock.boundMs).text}`;
  return { text, value: clock.errorMs, bad: Boolean(clock.corrected) };
}
function workerTable() {
  const columns2 = [
    { title: "Worker", cell: ({ id }) => words(id) },
    ...report.regions ? [regionColumn] : [],
    { title: "Chains", cell: ({ chains }) => words(chains.join(", ")) },
    ...report.run.mode === "fleet" ? [hostColumn] : [],
    ...trafficColumns,
    ...countColumns,
    ...latencyColumns,
    { title: "Start skew", hint: "ms", cell: ({ startSkewMs }) => ms(startSkewMs) },
    {
      title: "Clock",
      hint: "its clock − the store's in ms, and within what that is known; corrected where it was surely wrong",
      cell: ({ clock }) => clockCell(clock)
    },
    { title: "CPU", hint: "CPU time ÷ time passed", cell: ({ health }) => share(health.cpu) },
    { title: "Memory, MB", cell: ({ health }) => count(Math.round(health.residentMb)) },
    { title: "Connections", hint: "most at a flush", cell: ({ health }) => count(health.connections) },
    {
      title: "Stands out by",
      hint: "far from the workers that send the same chains: beyond 3.5 scaled median deviations",
      cell: ({ outlier }) => words(outlier.join("; "), outlier.length > 0)
    },
    {
      title: "Ended",
      cell: ({ outcomes }) => words(
        outcomes.join(", "),
        outcomes.some((outcome) => outcome !== "completed")
      )
    }
  ];
  return [element("h2", {}, "Workers"), table("Each worker's own figures; times in ms", columns2, report.workers)];
}

// lib/render/page/answers.ts
function answers() {
  const entries = [
    ["Highest risk", highestRisk(report)],
    ["What to do", whatToDo(report)]
  ];
  return element(
    "dl",
    { class: "answers" },
    ...entries.flatMap(([title, text]) => [element("dt", {}, title), element("dd", {}, text)])
  );
}
function highestRisk({ hints: hints2, verdict, chains, total }) {
  const [hint] = hints2;
  if (!verdict.generator)
    return "The generator did not keep to the schedule: the figures of this run do not describe the target.";
  if (hint) return `${hint.what}. ${hint.evidence}.`;
  const [least] = margins(chains);
  const [failure] = Object.entries({ ...total.errors, ...total.invalid }).sort(([, a], [, b]) => b - a);
  const failed = failure && `${failure[1]} of ${total.ledger.sent} requests ended in ${failure[0]}`;
  if (least) return `${marginText(least)}${failed ? `; ${failed}` : ""}.`;
  if (failed) return `${failed}.`;
  return "None was seen. The plan has no limit on a response time, so that a slow target would pass too.";
}
function marginText({ chain, line, spare }) {
  const { limit, found } = line;
  const level2 = (value) => levelText(line, value);
  const what = `${chain}, ${lineName(line)}`;
  if (found === null) return `${what}: ${nothingFound(line)}, where ${level2(limit)} is the limit`;
  const left = spare < 0 ? `${Math.round(-spare * 100)} % beyond it` : `${Math.round(spare * 100)} % to spare`;
  return `${what}: ${level2(found)} of a limit of ${level2(limit)}, ${left}`;
}
function margins(chains) {
  const all = chains.flatMap(
    ({ name: chain, slo }) => slo.filter((line) => !isFloor(line)).map((line) => {
      const { limit, found } = line;
      return { chain, line, spare: found === null ? Number.NEGATIVE_INFINITY : 1 - found / (limit || 1e-9) };
    })
  );
  return all.sort((a, b) => a.spare - b.spare);
}
function whatToDo({ hints: hints2, verdict, chains, capacity, run }) {
  const [hint] = hints2;
  if (!verdict.generator) return "Fix the generator as the reasons above say, and run again.";
  if (hint) return `${hint.remedy}.`;
  const missed = chains.filter(({ pass }) => !pass).map(({ name }) => name);
  if (missed.length > 0) {
    const names2 = missed.join(", ");
    return `Look at ${names2}: the outcomes by class say what failed, methods and targets below what was slow.`;
  }
  if (run.aborted !== void 0) return "Run again to the end: what was measured is cut short.";
  if (capacity?.limitFound === false) {
    return 'Nothing: the SLO was met at this rate. A plan with "profile": {"type": "search"} finds how much more is carried.';
  }
  return "Nothing: the SLO was met, and the capacity is known.";
}

// lib/render/page/capacity.ts
function capacitySection() {
  const { capacity } = report;
  if (!capacity) return [];
  const name = { title: "Chain", cell: (row) => words(row.name) };
  const sections = [element("h2", {}, "Capacity and cost")];
  if (capacity.trials.length > 0) {
    const columns2 = [
      name,
      { title: "Alone, /s", hint: "the highest rate that met the SLO", cell: (row) => ms(row.capacityRps) },
      { title: "between", cell: ({ interval }) => ms(interval?.[0]) },
      { title: "and", cell: ({ interval }) => ms(interval?.[1]) },
      { title: "All at once, /s", cell: ({ together }) => ms(together?.capacityRps) },
      { title: "of alone", hint: "interference", cell: ({ together }) => share(together?.ratio ?? null) },
      { title: "Trials", cell: ({ trials: trials2 }) => count(trials2) },
      { title: "Used up first", cell: ({ bottleneck }) => words(bottleneck?.resource ?? "not seen") },
      { title: "Evidence", cell: ({ bottleneck, endedBy }) => words(bottleneck?.evidence ?? endedBy[0] ?? "") }
    ];
    if (capacity.chains.some(({ truth }) => truth)) {
      columns2.push({ title: "Truth, /s", hint: "the stand-in's own", cell: ({ truth }) => ms(truth?.capacityRps) });
    }
    const called = capacity.chains.filter(({ subscribers }) => !subscribers);
    if (called.length > 0) {
      sections.push(table("What each chain can carry, in requests per second", columns2, called));
    }
    sections.push(...subscriberTable(capacity.chains));
    const hasSubscribers = capacity.trials.some(({ subscribers }) => subscribers);
    const trialColumns = [
      { title: "Trial", cell: ({ number }) => count(number) },
      { title: "Scope", cell: ({ scope }) => words(scope) },
      { title: "Offered, /s", cell: ({ rps }) => rate(sumOf(rps)) },
      { title: "Served, /s", cell: ({ servedRps }) => rate(sumOf(servedRps)) },
      ...hasSubscribers ? [{ title: "Subscribers", cell: subscribersCell }] : [],
      { title: "SLO", cell: ({ met, valid }) => words(valid ? met ? "met" : "missed" : "inconclusive", !met) },
      { title: "Why", cell: ({ reasons }) => words(reasons[0] ?? "") }
    ];
    const trials = table("Trials", trialColumns, capacity.trials);
    sections.push(element("details", {}, element("summary", {}, `${capacity.trials.length} trials`), trials));
  }
  const counters = [...new Set(capacity.chains.flatMap(({ perRelay }) => Object.keys(perRelay)))];
  if (counters.length > 0) {
    const costs = counters.map(
      (counter) => ({ title: counter, cell: ({ perRelay }) => ms(perRelay[counter]) })
    );
    const usd = {
      title: "$ a million",
      hint: "by the plan's unit prices",
      cell: ({ usdPerMillionRelays }) => ms(usdPerMillionRelays)
    };
    sections.push(table("What a valid relay costs the gateway", [name, ...costs, usd], capacity.chains));
  }
  sections.push(...methodTable2(capacity));
  sections.push(element("dl", { class: "words" }, ...scalingEntries(capacity)));
  return sections;
}
function methodTable2({ methods = [] }) {
  const rows = methods.flatMap(({ counter, costs }) => (costs ?? []).map((each) => ({ counter, ...each })));
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Method", cell: ({ method }) => words(method) },
    { title: "Counter", cell: ({ counter }) => words(counter) },
    { title: "Per relay", cell: ({ perRelay }) => ms(perRelay) },
    { title: "±", hint: "half of the 95 % interval", cell: ({ uncertainty }) => ms(uncertainty) }
  ];
  return [table("What a relay of each method costs, by how the mix of methods varied", columns2, rows)];
}
function subscribersCell({ subscribers = {} }) {
  return count(sumOf(subscribers));
}
function subscriberTable(chains) {
  const rows = chains.flatMap(({ subscribers, ...chain }) => subscribers ? [{ ...chain, ...subscribers }] : []);
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Chain", cell: ({ name }) => words(name) },
    {
      title: "Alone",
      hint: "the largest number of subscribers that met the SLO",
      cell: ({ capacity }) => ms(capacity)
    },
    { title: "between", cell: ({ interval }) => ms(interval?.[0]) },
    { title: "and", cell: ({ interval }) => ms(interval?.[1]) },
    { title: "All at once", cell: ({ together }) => ms(together?.capacity) },
    { title: "of alone", hint: "interference", cell: ({ together }) => share(together?.ratio ?? null) },
    { title: "Trials", cell: ({ trials }) => count(trials) },
    { title: "Evidence", cell: ({ endedBy }) => words(endedBy[0] ?? "") }
  ];
  return [table("What each chain can carry, in subscribers", columns2, rows)];
}
function scalingEntries({
  scaling,
  generator,
  unidentified,
  totalRps
}) {
  const entries = [];
  if (scaling) {
    const { currentRps, targetRps, headroom, rpsPerInstance, instancesNeeded, usdPerMonth, workersNeeded } = scaling;
    const spare = `${Math.round(headroom * 100)} % to spare`;
    entries.push(
      ["Current capacity", `${rate(currentRps).text} requests/s in all, ${rate(rpsPerInstance).text} an instance`],
      ["Target capacity", `${rate(targetRps).text} requests/s, ${spare}; ${workersNeeded} workers load it`],
      ["Instances needed", whole.format(instancesNeeded)],
      ["Cost a month", usdPerMonth === null ? "no price in the plan" : `$${whole.format(Math.round(usdPerMonth))}`]
    );
  }
  if (!scaling && totalRps !== null) {
    entries.push(["Capacity", `at least ${rate(totalRps).text} requests/s in all; a search finds the limit`]);
  }
  const each = generator.usdPerMillionRelays;
  const million = each === null ? "" : `, $${short.format(each)} a million relays`;
  entries.push(["This load in Lambda", `$${short.format(generator.usd)}${million}`]);
  if (unidentified.length > 0) entries.push(["Not told apart by chain", unidentified.join(", ")]);
  return entries.flatMap(([title, text]) => [element("dt", {}, title), element("dd", {}, text)]);
}
function sumOf(rates) {
  return Object.values(rates).reduce((sum, value) => sum + value, 0);
}

// lib/render/page/computeUnits.ts
var columns = [
  { title: "Chain", cell: ({ name }) => words(name) },
  { title: "A request", hint: "the mean, by the targets' weights", cell: ({ perRequest }) => rate(perRequest) },
  { title: "Offered/s", cell: ({ offeredPerSecond }) => rate(offeredPerSecond) },
  { title: "Achieved/s", hint: "of the requests sent", cell: ({ achievedPerSecond }) => rate(achievedPerSecond) },
  { title: "Relayed/s", hint: "of the valid relays", cell: ({ relayedPerSecond }) => rate(relayedPerSecond) },
  { title: "Relayed", cell: ({ relayed }) => ({ text: whole.format(Math.round(relayed)), value: relayed }) },
  { title: "$ a million", hint: "by the prices in observe.costs", cell: ({ usdPerMillion }) => ms(usdPerMillion) }
];
function computeUnitsSection() {
  const all = [...report.chains, ...report.chains.length > 1 ? [{ ...report.total, name: ALL }] : []];
  const rows = all.flatMap(({ name, computeUnits }) => computeUnits ? [{ name, ...computeUnits }] : []);
  return rows.length === 0 ? [] : [element("h2", {}, "Compute units"), table("By the plan's units of each method", columns, rows)];
}

// lib/render/page/whenPlaced.ts
var waiting = /* @__PURE__ */ new Set();
function whenPlaced(action) {
  waiting.add(action);
  requestAnimationFrame(placed);
}
function placed() {
  const actions = [...waiting];
  waiting.clear();
  for (const action of actions) action();
}

// lib/render/page/plots.ts
var plots = [];
var timePlots = /* @__PURE__ */ new Set();
var SECONDS = "seconds";
var view;
var isApplying = false;
var followers = [];
function currentView() {
  return view;
}
function showView(next) {
  view = next;
  isApplying = true;
  for (const each of timePlots) applyView(each);
  isApplying = false;
  for (const follow of followers) follow();
}
function onView(follow) {
  followers.push(follow);
}
function applyView(made) {
  const x = made.data[0];
  made.setScale("x", { min: view?.from ?? x[0] ?? 0, max: view?.to ?? x.at(-1) ?? 1 });
}
function clearPlots() {
  for (const made of plots.splice(0)) made.destroy();
  timePlots.clear();
  followers.splice(0);
}
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
function seriesColour(index) {
  return colour(`c${index % 8}`);
}
function plot([title, summary], x, lines, scale) {
  const caption = element("figcaption", {}, title);
  const drawn = lines.map(({ values }) => scale.logY ? values.map((value) => value === 0 ? null : value) : values);
  if (x.length < 2 || drawn.every((values) => values.every((value) => value === null))) {
    return element("figure", {}, caption, element("p", { class: "soft" }, "Too little was measured for a plot."));
  }
  const place = element("div", { role: "img", "aria-label": `${title}. ${summary}` });
  const axis = {
    stroke: colour("soft"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line") }
  };
  const options = {
    width: 480,
    height: 240,
    scales: {
      x: { time: false, ...scale.xSplits && { range: [scale.xSplits[0] ?? 0, scale.xSplits.at(-1) ?? 1] } },
      y: scale.logY ? { distr: 3 } : { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] }
    },
    cursor: { sync: { key: scale.x } },
    hooks: { setScale: [(made, key) => key === "x" && scale.x === SECONDS && followZoom(made)] },
    axes: [
      {
        ...axis,
        label: scale.x,
        ...scale.xSplits && { splits: () => scale.xSplits ?? [] },
        ...scale.xValues && { values: (_, values) => scale.xValues?.(values) ?? [] }
      },
      {
        ...axis,
        label: scale.y,
        size: 62,
        values: (_, values) => values.map((value) => value === null ? "" : short.format(value))
      }
    ],
    series: [
      { label: scale.x, ...scale.xValues && { value: (_, value) => scale.xValues?.([value])[0] ?? "" } },
      ...lines.map(({ label, colour: stroke, dash }) => ({
        label: safe(label),
        stroke,
        width: 2,
        ...dash && { dash },
        points: { show: x.length < 3 },
        value: (_, value) => value === null ? "–" : short.format(value)
      }))
    ]
  };
  const figure = element("figure", {}, caption, place);
  whenPlaced(() => {
    const made = new uPlot({ ...options, width: place.clientWidth }, [x, ...drawn], place);
    plots.push(made);
    if (scale.x === SECONDS) {
      if (view) applyView(made);
      timePlots.add(made);
    }
    new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: 240 })).observe(place);
  });
  return figure;
}
function safe(label) {
  return label.replaceAll('"', "").replace(/[^\w .,%+=-]/g, "?");
}
function followZoom(made) {
  const { min, max } = made.scales.x ?? {};
  if (isApplying || !timePlots.has(made) || min === void 0 || max === void 0) return;
  const x = made.data[0];
  const isWhole = min <= (x[0] ?? 0) && max >= (x.at(-1) ?? 0);
  showView(isWhole ? void 0 : { from: min, to: max });
}

// lib/render/page/links.ts
function contents(sections) {
  const links = sections.filter(({ tagName }) => tagName === "H2").map((heading) => {
    const title = heading.textContent ?? "";
    heading.id = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/-$/, "");
    return element("a", { href: `#${heading.id}` }, title);
  });
  return element("nav", { "aria-label": "Sections", class: "contents" }, ...links);
}
function linked(name) {
  return fields().get(name);
}
function link(name, value) {
  const next = fields();
  if (value === void 0) next.delete(name);
  else next.set(name, value);
  const [first = ""] = location.hash.slice(1).split("&");
  const named = first.includes("=") ? "" : first;
  const rest = [...next].map(([key, each]) => `${key}=${encodeURIComponent(each)}`);
  const section = named === "" && rest.length > 0 ? "over-time" : named;
  const hash = [section, ...rest].filter(Boolean).join("&");
  history.replaceState(null, "", hash === "" ? location.pathname + location.search : `#${hash}`);
}
function fields() {
  return new Map(
    location.hash.slice(1).split("&").filter((part) => part.includes("=")).map((part) => {
      const [name = "", value = ""] = part.split("=");
      return [name, decoded(value)];
    })
  );
}
function decoded(value) {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
function followAddress() {
  const [section = ""] = location.hash.slice(1).split("&");
  const from = Number(linked("from") ?? Number.NaN);
  const to = Number(linked("to") ?? Number.NaN);
  if (from < to) showView({ from, to });
  if (section !== "" && !section.includes("=")) document.getElementById(section)?.scrollIntoView();
  onView(() => {
    const view2 = currentView();
    link("from", view2?.from.toFixed(1));
    link("to", view2?.to.toFixed(1));
  });
}

// lib/render/page/chart.ts
var CHART_WIDTH = 480;
var CHART_HEIGHT = 240;
var CHART_LEFT = 58;
var CHART_BOTTOM = 40;
var CHART_TOP = 12;
var CHART_RIGHT = 12;
function chart(title, summary, axes, draw2) {
  const svg = svgElement("svg", {
    viewBox: `0 0 ${CHART_WIDTH} ${CHART_HEIGHT}`,
    role: "img",
    "aria-label": `${title}. ${summary}`
  });
  const x = along(axes.x, CHART_LEFT, CHART_WIDTH - CHART_RIGHT);
  const y = along(axes.y, CHART_HEIGHT - CHART_BOTTOM, CHART_TOP);
  const mark = (tag, attributes, text) => {
    const made = svgElement(tag, attributes);
    if (text !== void 0) made.textContent = text;
    svg.append(made);
  };
  for (const value of ticks(axes.y)) {
    mark("line", { x1: CHART_LEFT, x2: CHART_WIDTH - CHART_RIGHT, y1: y(value), y2: y(value), class: "grid" });
    mark("text", { x: CHART_LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, short.format(value));
  }
  for (const value of ticks(axes.x)) {
    mark("text", { x: x(value), y: CHART_HEIGHT - CHART_BOTTOM + 16, "text-anchor": "middle" }, short.format(value));
  }
  mark("text", { x: (CHART_LEFT + CHART_WIDTH) / 2, y: CHART_HEIGHT - 6, "text-anchor": "middle" }, axes.x.label);
  mark("text", { x: 4, y: CHART_TOP, class: "unit" }, axes.y.label);
  draw2({ x, y, mark });
  return element(
    "figure",
    { class: "chart" },
    element("figcaption", {}, title),
    svg,
    element("p", { class: "soft" }, summary)
  );
}
function svgElement(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
function along({ from, to, isLog = false }, first, last) {
  const scaled = (value) => isLog ? Math.log10(Math.max(value, from)) : value;
  const span = scaled(to) - scaled(from) || 1;
  return (value) => first + (scaled(Math.min(value, to)) - scaled(from)) / span * (last - first);
}
function ticks({ from, to, isLog = false }) {
  if (!isLog) {
    const step = niceStep((to - from) / 5);
    return Array.from({ length: 8 }, (_, index) => Math.ceil(from / step) * step + index * step).filter(
      (at) => at <= to
    );
  }
  const powers = Array.from({ length: 12 }, (_, index) => 10 ** (index - 4));
  const factors = to / from > 200 ? [1] : [1, 2, 5];
  return powers.flatMap((power) => factors.map((factor) => factor * power)).filter((at) => at >= from && at <= to);
}
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  return power * ([1, 2, 5].find((each) => each * power >= least) ?? 10);
}

// lib/render/page/load.ts
var MIN_SPREAD = 1.3;
function loadCharts() {
  const figures = report.chains.flatMap((chain) => {
    const points = trialPoints(chain.name);
    const own = points.length > 1 ? points : intervalPoints(chain);
    return own.length > 1 ? [loadChart(chain, own)] : [];
  });
  if (figures.length === 0) return [];
  return [element("h2", {}, "Response time against load"), element("div", { class: "plots" }, ...figures)];
}
function trialPoints(name) {
  return (report.capacity?.trials ?? []).flatMap(({ scope, rps, p99Ms, met, valid }) => {
    const [offered, p99] = [rps[name], p99Ms?.[name]];
    if (scope !== name || !valid || offered === void 0 || typeof p99 !== "number") return [];
    return [{ rps: offered, p99Ms: p99, isBad: !met }];
  });
}
function intervalPoints({ intervals, slo }) {
  const limit = slo.find(({ line }) => line === "p99")?.limit ?? Number.POSITIVE_INFINITY;
  const points = intervals.slice(0, -1).flatMap(({ fromMs, toMs, count: count2, p99 }) => {
    return count2 === 0 ? [] : [{ rps: count2 / ((toMs - fromMs) / 1e3), p99Ms: p99, isBad: p99 > limit }];
  });
  const rates = points.map(({ rps }) => rps);
  return Math.max(...rates) / Math.min(...rates) < MIN_SPREAD ? [] : points;
}
function loadChart({ name, slo }, points) {
  const limit = slo.find(({ line }) => line === "p99")?.limit;
  const capacityRps = report.capacity?.chains.find((each) => each.name === name)?.capacityRps ?? void 0;
  const isSearch = (report.capacity?.trials.length ?? 0) > 0;
  const values = [...points.map(({ p99Ms }) => p99Ms), ...limit === void 0 ? [] : [limit]];
  const knee = isSearch && capacityRps !== void 0 ? capacityRps : void 0;
  const rates = [...points.map(({ rps }) => rps), ...knee === void 0 ? [] : [knee]];
  const axes = {
    x: { label: "requests/s offered", from: 0, to: Math.max(...rates) * 1.08 },
    y: { label: "p99, ms", from: Math.min(...values) * 0.8, to: Math.max(...values) * 1.25, isLog: true }
  };
  const carried = knee === void 0 ? "" : ` The chain carries ${rate(knee).text} requests/s.`;
  const asked = limit === void 0 ? "" : ` The SLO asks for a p99 of at most ${ms(limit).text} ms.`;
  const what = isSearch ? `${points.length} trials.` : "Each point is an interval of the run.";
  return chart(`Response time against load, ${name}`, `${what}${carried}${asked}`, axes, (place) => {
    if (limit !== void 0) level(place, limit, axes.x.to, "SLO");
    if (knee !== void 0) {
      const [x, top, foot] = [place.x(knee), place.y(axes.y.to), place.y(axes.y.from)];
      place.mark("line", { x1: x, x2: x, y1: top, y2: foot, class: "figure" });
      place.mark(
        "text",
        { x: x - 4, y: foot - 6, "text-anchor": "end", class: "figure" },
        `carries ${rate(knee).text}/s`
      );
    }
    for (const { rps, p99Ms, isBad } of points) {
      const at = { cx: place.x(rps), cy: place.y(p99Ms), r: 4 };
      place.mark("circle", { ...at, class: isBad ? "missed" : "met" });
    }
  });
}
function level({ x, y, mark }, value, to, text) {
  mark("line", { x1: x(0), x2: x(to), y1: y(value), y2: y(value), class: "limit" });
  mark("text", { x: x(0) + 4, y: y(value) - 4, class: "limit" }, text);
}

// lib/render/page/distribution.ts
function distribution({ heat, responseTimeMs, slo = [] }, name) {
  const { edgesMs, counts } = heat;
  const [from = 0] = edgesMs;
  const to = edgesMs.at(-1) ?? 0;
  if (!responseTimeMs || edgesMs.length < 3 || from <= 0) return void 0;
  const bars = edgesMs.slice(1).map((_, row) => counts.reduce((sum, column) => sum + (column[row] ?? 0), 0));
  const most = Math.max(1, ...bars);
  const { p50, p99 } = responseTimeMs;
  const summary = `Half of the responses took at most ${ms(p50).text} ms, 99 % at most ${ms(p99).text} ms.`;
  const axes = {
    x: { label: "response time, ms", from, to, isLog: true },
    // Room above the bars for what the lines are.
    y: { label: "responses", from: 0, to: most * 1.35 }
  };
  return chart(`How long responses took, ${name}`, summary, axes, ({ x, y, mark }) => {
    for (const [row, count2] of bars.entries()) {
      const [left, right] = [x(edgesMs[row] ?? from), x(edgesMs[row + 1] ?? to)];
      if (count2 === 0) continue;
      mark("rect", {
        x: left,
        y: y(count2),
        width: Math.max(1, right - left - 1),
        height: y(0) - y(count2),
        class: "bar"
      });
    }
    const limit = slo.find(({ line }) => line === "p99")?.limit;
    const lines = [
      [`p50 ${ms(p50).text}`, p50, "figure"],
      [`p99 ${ms(p99).text}`, p99, "figure"],
      ...limit === void 0 || limit > to ? [] : [[`limit ${short.format(limit)}`, limit, "limit"]]
    ];
    for (const [index, [text, at, kind]] of lines.entries()) {
      mark("line", { x1: x(at), x2: x(at), y1: y(0), y2: y(most * 1.35), class: kind });
      const isRight = x(at) > 380;
      const place = {
        x: x(at) + (isRight ? -4 : 4),
        y: y(most * 1.35) + 12 + index * 14,
        "text-anchor": isRight ? "end" : "start"
      };
      mark("text", { ...place, class: kind }, text);
    }
    mark("title", {}, `${whole.format(bars.reduce((sum, each) => sum + each, 0))} responses`);
  });
}

// lib/render/page/heat.ts
var HEIGHT = 240;
var LEFT = 62;
var BOTTOM = 34;
var LABELS = 6;
function heatMap({ heat, intervals }, name) {
  const title = `Response time over the run, ${name}`;
  const canvas = element("canvas", {
    role: "img",
    "aria-label": `${title}. Its percentiles are in the plot beside it.`
  });
  const hint = element("p", { class: "soft" }, "ms by seconds; the stronger the colour, the more responses");
  const figure = element("figure", {}, element("figcaption", {}, title), canvas, hint);
  const draw2 = () => drawHeat(canvas, heat, intervals);
  whenPlaced(draw2);
  onView(draw2);
  new ResizeObserver(draw2).observe(figure);
  return figure;
}
function drawHeat(canvas, heat, intervals) {
  const width = canvas.parentElement ? canvas.parentElement.clientWidth - 24 : 0;
  const context = canvas.getContext("2d");
  if (!context || width <= LEFT || heat.edgesMs.length < 2) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  context.scale(ratio, ratio);
  const from = currentView()?.from ?? (intervals[0]?.fromMs ?? 0) / 1e3;
  const to = currentView()?.to ?? (intervals.at(-1)?.toMs ?? 1e3) / 1e3;
  const place = (seconds) => LEFT + (seconds - from) / (to - from) * (width - LEFT);
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, width - LEFT, HEIGHT - BOTTOM);
  context.clip();
  drawCells(context, { heat, intervals }, { from, to, place });
  context.restore();
  drawLabels(context, heat, { from, to, place });
}
function drawCells(context, { heat, intervals }, { place }) {
  const high = (HEIGHT - BOTTOM) / (heat.edgesMs.length - 1);
  const most = Math.log1p(Math.max(1, ...heat.counts.flat()));
  context.fillStyle = colour("c0");
  for (const [column, { fromMs, toMs }] of intervals.entries()) {
    const [left, right] = [place(fromMs / 1e3), place(toMs / 1e3)];
    for (const [row, count2] of (heat.counts[column] ?? []).entries()) {
      if (count2 === 0) continue;
      context.globalAlpha = 0.08 + 0.92 * Math.log1p(count2) / most;
      context.fillRect(left, HEIGHT - BOTTOM - (row + 1) * high, Math.max(1, right - left), Math.ceil(high));
    }
  }
}
function drawLabels(context, { edgesMs }, axis) {
  const rows = edgesMs.length - 1;
  const high = (HEIGHT - BOTTOM) / rows;
  context.fillStyle = colour("soft");
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  const each = Math.max(1, Math.round(rows / LABELS));
  for (let row = 0; row <= rows; row += each) {
    context.fillText(short.format(edgesMs[row] ?? 0), LEFT - 6, Math.max(7, HEIGHT - BOTTOM - row * high));
  }
  context.textBaseline = "top";
  context.textAlign = "center";
  const step = roundStep((axis.to - axis.from) / LABELS);
  for (let seconds = Math.ceil(axis.from / step) * step; seconds <= axis.to; seconds += step) {
    const place = Math.min(axis.place(axis.to) - 10, Math.max(LEFT + 4, axis.place(seconds)));
    context.fillText(short.format(seconds), place, HEIGHT - BOTTOM + 6);
  }
}
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((each) => each * power >= least) ?? 10);
}

// lib/render/page/overTime.ts
function ratePlot() {
  const { seconds } = report.total;
  const lines = [
    { label: "offered", values: seconds.map(({ scheduled }) => scheduled), colour: colour("c7"), dash: [6, 4] },
    { label: "sent", values: seconds.map(({ sent }) => sent), colour: colour("c0") },
    { label: "valid", values: seconds.map(({ valid }) => valid), colour: colour("c2") },
    { label: "failed", values: seconds.map(({ errors, invalid }) => errors + invalid), colour: colour("c5") }
  ];
  const x = seconds.map(({ second }) => second);
  const { offeredRps, achievedRps } = report.total;
  const summary = `${rate(achievedRps).text} of ${rate(offeredRps).text} requests per second were sent.`;
  return plot(["Rate, all chains", summary], x, lines, { x: SECONDS, y: "requests/s" });
}
function chainRatePlot() {
  const x = report.total.seconds.map(({ second }) => second);
  const lines = report.chains.map(
    ({ name, seconds }, index) => ({
      label: name,
      values: seconds.map(({ valid }) => valid),
      colour: seriesColour(index)
    })
  );
  const summary = report.chains.map(({ name, achievedRps }) => `${name} ${rate(achievedRps).text} per second`).join(", ");
  return plot(["Valid relays by chain", `${summary}.`], x, lines, { x: SECONDS, y: "relays/s" });
}
function latencyPlot(of, name) {
  const x = of.intervals.map(({ fromMs, toMs }) => (fromMs + toMs) / 2e3);
  const lines = ["max", "p99", "p90", "p50"].map(
    (key, index) => ({ label: key, values: of.intervals.map((each) => each[key]), colour: seriesColour(index) })
  );
  const summary = `Median ${ms(of.responseTimeMs?.p50).text} ms, 99th percentile ${ms(of.responseTimeMs?.p99).text} ms.`;
  return plot([`Response time, ${name}`, summary], x, lines, { x: SECONDS, y: "ms", logY: true });
}
var PERCENTILES = ["p50", "p90", "p99", "max"];
function chainLatencyPlot(percentile) {
  const x = [...new Set(report.chains.flatMap(({ intervals }) => intervals.map(middle)))].sort((a, b) => a - b);
  const lines = report.chains.map(({ name, intervals }, index) => {
    const values = new Map(intervals.map((each) => [middle(each), each[percentile]]));
    return { label: name, values: x.map((at) => values.get(at) ?? null), colour: seriesColour(index) };
  });
  const summary = report.chains.map(
    ({ name, responseTimeMs }) => `${name} ${ms(responseTimeMs?.[percentile]).text} ms`
  );
  const scale = { x: SECONDS, y: "ms", logY: true };
  return plot([`Response time by chain, ${percentile}`, `${summary.join(", ")}.`], x, lines, scale);
}
function middle({ fromMs, toMs }) {
  return (fromMs + toMs) / 2e3;
}
function percentilePlot() {
  const nines = (percentile) => -Math.log10(1 - percentile / 100);
  const curves = report.chains.map(({ percentiles }) => {
    return percentiles.filter(([percentile]) => percentile < 100).map(([percentile, value]) => [nines(percentile), value]);
  });
  const x = [...new Set(curves.flatMap((curve) => curve.map(([place]) => place ?? 0)))].sort((a, b) => a - b);
  const lines = report.chains.map(({ name }, index) => {
    const values = new Map(curves[index]?.map(([place, value]) => [place, value ?? null]));
    return { label: name, values: x.map((place) => values.get(place) ?? null), colour: seriesColour(index) };
  });
  const most = Math.max(1, Math.ceil(x.at(-1) ?? 1));
  const splits = [0, nines(50), ...Array.from({ length: most }, (_, index) => index + 1)];
  const percent = (place) => `${Number((100 * (1 - 10 ** -place)).toFixed(Math.max(1, Math.ceil(place) - 1)))}`;
  return plot(["Response time by percentile", "The figures are in the table of chains."], x, lines, {
    x: "percentile",
    y: "ms",
    logY: true,
    xSplits: splits,
    xValues: (values) => values.map(percent)
  });
}
var MAX_CLASSES = 7;
function failurePlot() {
  const { seconds, errors, invalid } = report.total;
  const classes = Object.entries({ ...errors, ...invalid }).sort(([, a], [, b]) => b - a);
  if (!seconds.some((each) => each.classes) || classes.length === 0) return void 0;
  const lines = classes.slice(0, MAX_CLASSES).map(
    ([name], index) => ({
      label: name,
      values: seconds.map((each) => each.classes?.[name] ?? 0),
      colour: seriesColour(index)
    })
  );
  const x = seconds.map(({ second }) => second);
  const summary = classes.map(([name, count2]) => `${name} ${count2}`).join(", ");
  const figure = plot(["Failures by class", `${summary}.`], x, lines, { x: SECONDS, y: "requests/s" });
  figure.append(...failureSamples(classes.map(([name]) => name)));
  return figure;
}
function failureSamples(classes) {
  const samples = report.chains.flatMap(({ name, samples: own = [] }) => own.map((each) => ({ chain: name, ...each })));
  const items = classes.flatMap((name) => {
    const found = samples.find((each) => each.class === name);
    if (!found) return [];
    const { chain, status, message, begins } = found;
    return [element("li", {}, element("strong", {}, name), ` ${chain}, HTTP ${status}: ${message ?? begins}`)];
  });
  if (items.length === 0) return [];
  return [element("details", {}, element("summary", {}, "One response of each"), element("ul", {}, ...items))];
}
function generatorPlots() {
  const { all } = report.generator;
  if (all.length < 2) return [];
  const x = all.map(({ atMs }) => atMs / 1e3);
  const line = (label, key, index) => ({
    label,
    values: all.map((point) => point[key]),
    colour: seriesColour(index)
  });
  const flight = [line("in flight", "inFlight", 0), line("connections", "connections", 2), line("opened", "opened", 1)];
  const made = [plot(["Requests in flight and connections, all workers", ""], x, flight, { x: SECONDS, y: "" })];
  if (all.some(({ established }) => established !== null)) {
    const sockets = [
      line("ESTAB", "established", 2),
      line("TIME-WAIT", "timeWait", 1),
      line("retransmits", "retransmits", 5)
    ];
    made.push(plot(["TCP connections of the host with most", ""], x, sockets, { x: SECONDS, y: "" }));
    const ports = [line("ports left", "portsLeft", 0)];
    made.push(plot(["Ephemeral ports of the host with fewest left", ""], x, ports, { x: SECONDS, y: "" }));
  }
  return made;
}
var ZOOMS = [
  ["Closer", ({ from, to }) => ({ from: from + (to - from) / 4, to: to - (to - from) / 4 })],
  ["Wider", ({ from, to }) => ({ from: from - (to - from) / 2, to: to + (to - from) / 2 })],
  ["Earlier", ({ from, to }) => ({ from: from - (to - from) / 2, to: to - (to - from) / 2 })],
  ["Later", ({ from, to }) => ({ from: from + (to - from) / 2, to: to + (to - from) / 2 })],
  ["Whole run", () => void 0]
];
function zoomButtons() {
  const whole2 = { from: 0, to: report.run.measuredMs / 1e3 };
  const buttons = ZOOMS.map(([title, change]) => {
    const button = element("button", { type: "button" }, title);
    button.addEventListener("click", () => {
      const next = change(currentView() ?? whole2, whole2);
      const isWhole = !next || next.from <= whole2.from && next.to >= whole2.to;
      showView(isWhole ? void 0 : { from: Math.max(whole2.from, next.from), to: Math.min(whole2.to, next.to) });
    });
    return button;
  });
  return element(
    "div",
    { class: "zoom", role: "group", "aria-label": "Part of the run that the plots show" },
    ...buttons
  );
}
function choiceOf(name, title, options, draw2) {
  const select = element("select", { id: name });
  for (const each of options) select.append(element("option", { value: each }, each));
  const asked = linked(name) ?? "";
  select.value = options.includes(asked) ? asked : options[0] ?? "";
  let figures = draw2(select.value);
  select.addEventListener("change", () => {
    link(name, select.value);
    const next = draw2(select.value);
    for (const [index, each] of figures.entries()) each.replaceWith(next[index] ?? "");
    figures = next;
  });
  return { label: element("label", { for: name }, `${title} `), select, figures };
}
function plotSection() {
  const names2 = [ALL, ...report.chains.map(({ name }) => name)];
  const chain = choiceOf("chain", "Response time of", names2, (chosen) => {
    const found = report.chains.find(({ name: name2 }) => name2 === chosen);
    const [of, name] = found ? [found, found.name] : [report.total, ALL];
    const none = element("figure", {}, element("figcaption", {}, "Too little was measured for a distribution."));
    return [latencyPlot(of, name), heatMap(of, name), distribution(of, name) ?? none];
  });
  const percentile = choiceOf("percentile", "By chain", ["p99", "p50", "p90", "max"], (chosen) => {
    return [chainLatencyPlot(PERCENTILES.find((each) => each === chosen) ?? "p99")];
  });
  const place = element("div", { class: "plots" });
  const failures = failurePlot();
  place.append(ratePlot(), chainRatePlot(), ...chain.figures, percentilePlot(), ...percentile.figures);
  place.append(...failures ? [failures] : [], ...generatorPlots());
  const hint = element("p", { class: "soft" }, "Drag over a plot to see a part of the run in all of them.");
  const choices = element("p", {}, chain.label, chain.select, " ", percentile.label, percentile.select);
  return [element("h2", {}, "Over time"), choices, zoomButtons(), hint, place];
}
var MAX_METRIC_PLOTS = 12;
function metricPlots() {
  const groups = /* @__PURE__ */ new Map();
  for (const metric of report.metrics) {
    const [name = ""] = metric.name.split("{");
    groups.set(name, [...groups.get(name) ?? [], metric]);
  }
  if (groups.size === 0) return [];
  const place = element("div", { class: "plots" });
  for (const [name, group] of [...groups].slice(0, MAX_METRIC_PLOTS)) {
    const shown = group.slice(0, 8);
    const x = shown[0]?.points.map(([at]) => at) ?? [];
    const lines = shown.map((metric, index) => {
      const values = new Map(metric.points);
      const label = /\{(.*)\}$/.exec(metric.name)?.[1] ?? "value";
      return { label, values: x.map((at) => values.get(at) ?? null), colour: seriesColour(index) };
    });
    place.append(plot([name, `${group.length} series.`], x, lines, { x: SECONDS, y: shown[0]?.unit ?? "" }));
  }
  return [element("h2", {}, "The gateway's own metrics"), place];
}

// lib/render/page/regions.ts
var chainColumns = [
  { title: "Region", cell: ({ region }) => words(region) },
  { title: "Chain", cell: ({ name }) => words(name) },
  { title: "Share", hint: "of the chain's requests", cell: (row) => share(row.share) },
  ...trafficColumns,
  ...countColumns,
  ...latencyColumns,
  { title: "SLO", cell: ({ pass }) => words(pass ? "✓" : "✗", !pass) }
];
var regionColumns = [
  { title: "Region", cell: ({ name }) => words(name) },
  { title: "State", cell: ({ state }) => words(state, state !== "in order") },
  { title: "Workers", cell: ({ workers }) => count(workers) },
  { title: "Start skew", hint: "its latest worker's, in ms", cell: ({ startSkewMs }) => ms(startSkewMs) },
  {
    title: "Clock",
    hint: "its workers' largest error in ms, and within what it is known",
    cell: ({ clock }) => clockCell(clock)
  },
  { title: "missed", cell: ({ ledger }) => count(ledger.missed, true) },
  ...trafficColumns,
  ...latencyColumns
];
function regionSection() {
  const { regions = [] } = report;
  if (regions.length === 0) return [];
  const rows = regions.flatMap(({ name: region, chains }) => chains.map((chain) => ({ ...chain, region })));
  const plots2 = report.chains.flatMap(({ name }) => {
    const own = rows.filter((row) => row.name === name);
    return [latencyPlot2(name, "p50", own), latencyPlot2(name, "p99", own)];
  });
  return [
    element("h2", {}, "Regions"),
    table("All chains of each region; times in ms", regionColumns, regions),
    table("Each chain from each region; response time in ms", chainColumns, rows),
    element("div", { class: "plots" }, ...plots2)
  ];
}
function latencyPlot2(chain, percentile, rows) {
  const middles = [...new Set(rows.flatMap(({ intervals }) => intervals.map(middleOf)))].sort((a, b) => a - b);
  const lines = rows.map(({ region, intervals }, index) => {
    const values = new Map(intervals.map((interval) => [middleOf(interval), interval[percentile]]));
    return { label: region, values: middles.map((at) => values.get(at) ?? null), colour: seriesColour(index) };
  });
  const summary = rows.map(({ region, responseTimeMs }) => `${region} ${ms(responseTimeMs?.[percentile]).text} ms`);
  const title = `Response time ${percentile} of ${chain} by region`;
  return plot([title, `${summary.join(", ")}.`], middles, lines, { x: SECONDS, y: "ms" });
}
function middleOf({ fromMs, toMs }) {
  return (fromMs + toMs) / 2e3;
}

// lib/render/page/subscriptions.ts
var names = [
  { title: "Chain", cell: ({ chain }) => words(chain) },
  { title: "Subscription", cell: ({ name }) => words(name) }
];
var received = [
  ...names,
  { title: "Notifications", cell: ({ notifications }) => count(notifications) },
  { title: "Announced", hint: "different blocks, logs or transactions", cell: ({ items }) => count(items) },
  { title: "Due", hint: "of each thing, by the subscribers that were there", cell: ({ expected }) => count(expected) },
  { title: "Missed", hint: "due and never received, by hash", cell: ({ missed }) => count(missed, true) },
  {
    title: "by number",
    hint: "the same by the block's number",
    cell: ({ missedByNumber }) => count(missedByNumber, true)
  },
  { title: "Doubled", cell: ({ doubled }) => count(doubled, true) },
  { title: "Gaps", hint: "jumps over a block's number", cell: ({ gaps }) => count(gaps, true) },
  {
    title: "Silent",
    hint: "subscribers that received nothing more at their end",
    cell: ({ silent }) => count(silent, true)
  },
  { title: "Lag p50", hint: "behind the first subscriber, in ms", cell: ({ lagMs }) => ms(lagMs?.p50) },
  { title: "p99", cell: ({ lagMs }) => ms(lagMs?.p99) },
  { title: "max", cell: ({ lagMs }) => ms(lagMs?.max) }
];
var connected = [
  ...names,
  { title: "Subscribers", cell: ({ subscribers }) => count(subscribers) },
  { title: "Subscribed", hint: "again after a drop included", cell: ({ subscribed }) => count(subscribed) },
  {
    title: "To subscribe p50",
    hint: "handshake and eth_subscribe, in ms",
    cell: ({ subscribeMs }) => ms(subscribeMs?.p50)
  },
  { title: "p99", cell: ({ subscribeMs }) => ms(subscribeMs?.p99) },
  { title: "Failed", cell: ({ failures }) => words(tallyText(failures), tallyText(failures) !== "–") },
  { title: "Dropped", cell: ({ drops }) => words(tallyText(drops), tallyText(drops) !== "–") },
  { title: "Missed while dropped", cell: ({ missedWhileDropped }) => count(missedWhileDropped, true) },
  { title: "Handed over", hint: "at the border of two segments", cell: ({ handedOver }) => count(handedOver) },
  { title: "Missed then", cell: ({ missedAtHandOver }) => count(missedAtHandOver, true) }
];
function tallyText(tally) {
  return Object.entries(tally).map(([name, each]) => `${name} ${each}`).join(", ") || "–";
}
function subscriptionSection() {
  const rows = report.chains.flatMap(
    ({ name, subscriptions = [] }) => subscriptions.map((each) => ({ chain: name, ...each }))
  );
  if (rows.length === 0) return socketSection();
  const place = element("div", { class: "plots" }, ...rows.flatMap(lagPlots));
  return [
    element("h2", {}, "Subscribers"),
    table("What they received", received, rows),
    table("How they connected", connected, rows),
    place,
    ...socketSection()
  ];
}
function lagPlots({ chain, name, intervals }) {
  if (intervals.length === 0) return [];
  const x = intervals.map(({ fromMs }) => fromMs / 1e3);
  const line = (label, values, index) => ({
    label,
    values,
    colour: seriesColour(index)
  });
  const lags = [
    line(
      "p50",
      intervals.map(({ p50 }) => p50),
      0
    ),
    line(
      "p99",
      intervals.map(({ p99 }) => p99),
      1
    )
  ];
  const counts = [
    line(
      "received",
      intervals.map(({ received: each }) => each),
      2
    ),
    line(
      "missed",
      intervals.map(({ missed }) => missed),
      3
    )
  ];
  return [
    plot([`Lag of ${chain}, ${name}`, "Behind the first subscriber."], x, lags, { x: SECONDS, y: "ms" }),
    plot([`Notifications of ${chain}, ${name}`, "In each interval."], x, counts, { x: SECONDS, y: "" })
  ];
}
function socketSection() {
  const rows = report.chains.flatMap(({ name, sockets }) => sockets ? [{ name, ...sockets }] : []);
  if (rows.length === 0) return [];
  const columns2 = [
    { title: "Chain", cell: ({ name }) => words(name) },
    { title: "Opened", cell: ({ opened }) => count(opened) },
    { title: "Closed", cell: ({ closed }) => words(tallyText(closed)) },
    { title: "Refused", cell: ({ refused }) => words(tallyText(refused)) },
    { title: "Unmatched", hint: "messages that no call waited for", cell: ({ unmatched }) => count(unmatched, true) },
    { title: "Most bytes waiting", hint: "in one socket, for the other side", cell: (row) => count(row.bufferedBytes) }
  ];
  return [element("h2", {}, "WebSockets"), table("The sockets that carry calls", columns2, rows)];
}

// lib/render/page/page.ts
var root = document.getElementById("report");
function header() {
  const { run, verdict, total, startSkewMs } = report;
  const began = new Date(run.startedAt).toLocaleString("en", { dateStyle: "long", timeStyle: "long" });
  const { live } = run;
  const [state, title] = live ? ["doubt", `Running: ${Math.max(0, Math.round(live.atMs / 1e3))} of ${run.durationMs / 1e3} s`] : !verdict.valid ? ["doubt", `Invalid run${verdict.pass ? "" : ", and the SLO was missed"}`] : verdict.pass ? ["good", "Valid run, SLO met"] : ["bad", "Valid run, SLO missed"];
  const banner = element("section", { class: `verdict ${state}` }, element("strong", {}, title));
  if (live) {
    banner.append(element("p", {}, "What the workers have flushed so far. The verdict comes with the end."));
  } else if (verdict.reasons.length > 0) {
    banner.append(element("ul", {}, ...verdict.reasons.map((reason) => element("li", {}, reason))));
  } else {
    banner.append(
      element("p", {}, "The generator kept to the schedule, every request is accounted for, each chain met the SLO.")
    );
  }
  const figures = [
    ["Offered", `${rate(total.offeredRps).text} /s`],
    ["Achieved", `${rate(total.achievedRps).text} /s`],
    ["Success", share(total.success).text],
    ["Response p50", `${ms(total.responseTimeMs?.p50).text} ms`],
    ["Response p99", `${ms(total.responseTimeMs?.p99).text} ms`],
    ...total.ledger.errors > 0 ? [["Of all sent p99", `${allSent(total, "p99").text} ms`]] : [],
    ["Send lag p99", `${ms(total.sendLagMs?.p99).text} ms`],
    ["Start skew", `${ms(startSkewMs).text} ms`]
  ];
  const measured = `${run.measuredMs / 1e3} s measured`;
  const workers = `${run.workers} ${run.workers === 1 ? "worker" : "workers"}`;
  return [
    element("h1", {}, run.name),
    element(
      "p",
      { class: "soft" },
      `${run.id} · ${began} · ${measured} · ${workers} · ${run.target} · Volley ${run.volley}`
    ),
    downloads(),
    banner,
    ...live ? [] : [answers()],
    element(
      "dl",
      { class: "figures" },
      ...figures.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)))
    )
  ];
}
function downloads() {
  const address = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }));
  const name = `${report.run.id.replace(/[^\w.-]+/g, "-")}.json`;
  return element("p", { class: "downloads" }, element("a", { href: address, download: name }, "Download report.json"));
}
function hints() {
  if (report.hints.length === 0) return [];
  const items = report.hints.flatMap(({ what, evidence, remedy }) => [
    element("dt", {}, what),
    element("dd", {}, `${evidence}.`, element("br"), element("strong", {}, `${remedy}.`))
  ]);
  return [element("h2", {}, "What limited the run"), element("dl", { class: "hints" }, ...items)];
}
function events() {
  if (report.events.length === 0) return [];
  const seconds = (fromMs) => ({ text: short.format(fromMs / 1e3), value: fromMs });
  const columns2 = [
    { title: "from, s", cell: ({ fromMs }) => seconds(fromMs) },
    { title: "to", cell: ({ toMs }) => seconds(toMs) },
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "What", cell: ({ text }) => words(text) }
  ];
  return [element("h2", {}, "What changed when"), table("Out of the run's ordinary", columns2, report.events)];
}
function logs() {
  return report.logs.flatMap(({ source, read, matched, failed, lines }) => {
    const rows = lines.map(({ atMs, text }) => element("li", {}, `${short.format(atMs / 1e3)} s  ${text}`));
    const gaps = failed.map((why) => element("p", {}, `Could not be read at times: ${why}`));
    return [
      element("h2", {}, `Log: ${source}`),
      element("p", {}, `${whole.format(matched)} of ${whole.format(read)} new lines match the plan's pattern.`),
      ...gaps,
      ...rows.length > 0 ? [element("ol", { class: "log" }, ...rows)] : []
    ];
  });
}
function glossary() {
  const meanings = [
    ["response time", "finished − due: what a user would have felt, the generator's and the server's queues included"],
    [
      "all requests sent",
      "responses, and those without one: they rank above every response, and count as the plan's timeout at least"
    ],
    ["service time", "finished − sent"],
    ["send lag", "sent − due: the generator's own lateness"],
    ["start skew", "how late a worker's first request was sent"],
    ["relay", "a valid JSON-RPC response: HTTP 2xx, the id matched, no error, a result"],
    ["missed", "scheduled and not sent: late, too many in flight, aborted, or lost with a worker"],
    ["valid run", "the generator kept to the schedule, so that the figures describe the target"]
  ];
  const entries = meanings.flatMap(([word, meaning]) => [element("dt", {}, word), element("dd", {}, meaning)]);
  return [element("h2", {}, "Words"), element("dl", { class: "words" }, ...entries)];
}
function findings() {
  if (report.findings.length === 0) return [];
  const items = report.findings.map((finding) => element("li", {}, finding));
  return [element("h2", {}, "Missing or doubtful in the results"), element("ul", {}, ...items)];
}
function draw() {
  clearPlots();
  const head = header();
  const sections = [
    ...hints(),
    ...events(),
    ...chainTables(),
    ...computeUnitsSection(),
    ...sloTable(),
    ...regionSection(),
    ...subscriptionSection(),
    ...plotSection(),
    ...loadCharts(),
    ...outcomeTable(),
    ...methodTable(),
    ...targetTable(),
    ...nodeSection(),
    ...capacitySection(),
    ...steadyTable(),
    ...trafficTables(),
    ...metricPlots(),
    ...logs(),
    ...workerTable(),
    ...findings(),
    ...glossary()
  ];
  root.replaceChildren(...head, contents(sections), ...sections);
  placed();
  followAddress();
}
draw();
for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", draw);
if (report.run.live) {
  const source = new EventSource("events");
  source.onmessage = ({ data }) => {
    replaceReport(JSON.parse(data));
    if (!report.run.live) source.close();
    draw();
  };
}
