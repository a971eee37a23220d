// The operator's page in a tab, and what the browser has to say about it.
import assert from "node:assert/strict";
import { PATIENCE_MS, eventually } from "./wait.mjs";

/** A status that is no success is told on the console by the browser itself. */
const STATUS = /^Failed to load resource: (the server responded with a status of|net::ERR_)/;

export class OperatorPage {
  /** Opens `url` in a browser without history; `asked`: paths of all requests, with the method where it is not GET. */
  static async open(browser, url) {
    const page = new OperatorPage();
    page.complaints = [];
    page.asked = [];
    page.context = await browser.newContext();
    page.context.setDefaultTimeout(PATIENCE_MS);
    page.tab = await page.context.newPage();
    page.tab.on("console", (entry) => page.complaints.push(entry.text()));
    page.tab.on("pageerror", (error) => page.complaints.push(String(error)));
    page.tab.on("request", (request) => {
      const { pathname } = new URL(request.url());
      page.asked.push(request.method() === "GET" ? pathname : `${request.method()} ${pathname}`);
    });
    await page.tab.addInitScript(() => {
      let hidden = false;
      Object.defineProperty(Document.prototype, "hidden", { get: () => hidden });
      window.hide = (value) => {
        hidden = value;
        document.dispatchEvent(new Event("visibilitychange"));
      };
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    await page.tab.goto(url);
    return page;
  }

  /** The big figure of a card as it stands there. */
  figure(name) {
    return this.tab.locator(`[data-figure=${name}] dd`).first().textContent();
  }

  /** Rows of the table in a section, each an array of texts. */
  rows(section) {
    return this.tab.locator(`#${section} tbody tr`).evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  }

  text(selector) {
    return this.tab.locator(selector).textContent();
  }

  until(probe, what) {
    return eventually(probe, what);
  }

  shows(name, value) {
    return eventually(async () => (await this.figure(name)) === value, `${name} is ${value}`);
  }

  says(selector, text) {
    return eventually(async () => (await this.text(selector)).includes(text), `${selector} says ${text}`);
  }

  choose(label) {
    return this.tab.getByText(label, { exact: true }).click();
  }

  async lookUp(user) {
    await this.tab.getByLabel("User id").fill(user);
    await this.tab.getByRole("button", { name: "Look up" }).click();
  }

  /** Ends it; nothing was blocked, thrown or complained of. `statuses`: answers without success were expected. */
  async close({ statuses = false } = {}) {
    assert.deepEqual(await this.tab.evaluate(() => window.violations), []);
    assert.deepEqual(this.complaints.filter((text) => !(statuses && STATUS.test(text))), []);
    await this.context.close();
  }
}
