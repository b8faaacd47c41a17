// tus-js-client as a browser would drive it. One order as JSON in, one report as JSON out:
// what it asked and was answered, where the upload stands, and the error if there was one.
const fs = require("node:fs");
const { PassThrough } = require("node:stream");
const tus = require("tus-js-client");

const { file, stopAfter, terminate, ...options } = JSON.parse(process.argv[2]);
const report = { asked: [], accepted: 0, url: null, error: null };

function end(error) {
  report.url = upload.url;
  if (error) {
    const answer = error.originalResponse;
    report.error = { text: String(error), status: answer?.getStatus(), body: answer?.getBody() };
  }
  console.log(JSON.stringify(report));
  process.exit(0);
}

// A length is left open for a source that does not know its end; of a file the client would know it.
const source = fs.createReadStream(file);
const upload = new tus.Upload(options.uploadLengthDeferred ? source.pipe(new PassThrough()) : source, {
  storeFingerprintForResuming: false,
  retryDelays: [200, 500, 1000, 2000, 5000, 5000],
  ...options,
  onAfterResponse: (request, answer) => {
    report.asked.push([request.getMethod(), answer.getStatus()]);
  },
  onChunkComplete: (_size, accepted) => {
    report.accepted = accepted;
    if (stopAfter && accepted >= stopAfter) upload.abort(Boolean(terminate)).then(() => end(), end);
  },
  onError: end,
  onSuccess: () => end(),
});
upload.start();
