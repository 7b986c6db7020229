// How the HTML report looks. Read by Allure 3; harness/reporting/allure_html.py says where from and where to.

// Trends over runs are kept only where the environment names a file for them: Allure adds a line each time a
// report is generated, so a second look at the same results would count as a second night.
const historyPath = process.env.HARNESS_HISTORY;

export default {
  name: "Conversations",
  ...(historyPath ? { historyPath, historyLimit: 90 } : { appendHistory: false }),
  plugins: {
    awesome: {
      options: {
        // Every result has these labels, whether it comes from a scenario file or from a Python test.
        groupBy: ["parentSuite", "suite", "subSuite"],
        theme: "auto",
      },
    },
  },
  // The first rule that fits a result wins. Whose fault it is, in the words of harness/errors.py.
  categories: [
    { id: "bot", name: "The bot did something else", matchers: { statuses: ["failed"] }, groupByMessage: true },
    { id: "trouble", name: "No verdict: trouble with the service or the harness", matchers: { statuses: ["broken"] }, groupByMessage: true },
  ],
};
