// How the HTML report looks. Read by Allure 3; harness/reporting/allure_html.py says where from and where to, and leaves
// what it knows of the run in a file: its history, how failures are sorted, which are in quarantine.
import { readFileSync } from "node:fs";

const read = (file) => JSON.parse(readFileSync(file, "utf-8"));
const run = process.env.HARNESS_REPORT ? read(process.env.HARNESS_REPORT) : {};
// Failures that are known by what they say; docs/allure.md has an example.
const known = read(new URL("known-issues.json", import.meta.url));

export default {
  name: "Conversations",
  ...(run.historyPath ? { historyPath: run.historyPath, historyLimit: 90 } : { appendHistory: false }),
  plugins: {
    awesome: {
      options: {
        // Every result has these labels, whether it comes from a scenario file or from a Python test.
        groupBy: ["parentSuite", "suite", "subSuite"],
        theme: "auto",
      },
    },
  },
  categories: (run.categories ?? []).map((category) => ({ ...category, groupByMessage: true })),
  resolutions: {
    links: known.links,
    rules: [...known.rules, ...(run.quarantined ?? [])],
    // Allure would write this beside whatever was the working folder.
    knownIssuesPath: run.knownIssuesPath,
  },
};
