import { type Comparison, changeText, figureText, kindText, METRIC_TITLES, pText } from "../report/compare.ts";
import { escapeHtml } from "../report/escape.ts";
import { htmlHead } from "./html.ts";

/** Comparisons with one run as a self-contained HTML page without scripts. */
export function compareHtml(comparisons: readonly Comparison[]): string {
  const title = "Runs compared";
  return `${htmlHead(title)}
<body>
<main>
<h1>${title}</h1>
${comparisons.map(section).join("\n")}
<p class="soft">p is the chance of slices of time that differ as much if the runs were alike (rank test of Mann and Whitney);
a difference is real below 0.01, and worse when it is also beyond its tolerance. It is unknown if a run has too few slices.</p>
</main>
</body>
</html>
`;
}

function section({ before, after, differences, notes }: Comparison): string {
  const worse = differences.filter(({ isWorse }) => isWorse).length;
  const verdict =
    worse === 0
      ? '<section class="verdict good"><strong>Nothing is worse</strong></section>'
      : `<section class="verdict bad"><strong>${worse} ${worse === 1 ? "figure is" : "figures are"} worse</strong></section>`;
  const rows = differences.map((difference) => {
    const { chain, metric, isWorse } = difference;
    const cells = [figureText(difference, "before"), figureText(difference, "after"), changeText(difference)];
    const which = isWorse ? '<td class="text bad">worse</td>' : `<td class="text">${kindText(difference)}</td>`;
    return `<tr><th scope="row">${escapeHtml(chain)}</th><td class="text">${METRIC_TITLES[metric]}</td>${cells
      .map((cell) => `<td>${escapeHtml(cell)}</td>`)
      .join("")}<td>${escapeHtml(pText(difference))}</td>${which}</tr>`;
  });
  const caption = `${escapeHtml(before)} → ${escapeHtml(after)}`;
  const head = ["Chain", "Figure", "Before", "After", "Change", "p", "Which is"];
  return `<h2>${caption}</h2>
${verdict}
${notes.map((note) => `<p>${escapeHtml(note)}</p>`).join("\n")}
<div class="wide" tabindex="0" role="region" aria-label="${caption}"><table>
<thead><tr>${head.map((each, index) => `<th scope="col"${[0, 1, 6].includes(index) ? ' class="text"' : ""}>${each}</th>`).join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table></div>`;
}
