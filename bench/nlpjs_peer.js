// nlp.js as a peer of `make bench`: reads [[entry, question], ...] on the first line, then a question a line; answers the
// likeliest intent, however unlikely, as the other systems do; none where no intent has a score above 0.
const readline = require("readline");
const { containerBootstrap } = require("@nlpjs/core");
const { Nlp } = require("@nlpjs/nlp");
const { LangZh } = require("@nlpjs/lang-zh");

(async () => {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const phrases = JSON.parse((await lines.next()).value);
  const container = await containerBootstrap();
  container.use(Nlp);
  container.use(LangZh);
  const nlp = container.get("nlp");
  nlp.settings.autoSave = false;
  nlp.settings.log = false;
  nlp.settings.threshold = 0; // by default an intent below 0.5 becomes None
  nlp.addLanguage("zh");
  for (const [entry, question] of phrases) nlp.addDocument("zh", question, entry);
  const write = console.log;
  console.log = () => {};
  await nlp.train();
  write("ready");
  for (;;) {
    const { value, done } = await lines.next();
    if (done) break;
    const found = await nlp.process("zh", JSON.parse(value));
    const best = found.classifications.find(({ intent }) => intent !== "None");
    write(JSON.stringify(best ? best.intent : ""));
  }
})();
