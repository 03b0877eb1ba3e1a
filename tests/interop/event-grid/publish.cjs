// Publishes CloudEvents with other people's programs: Microsoft's Event Grid client and the CNCF's SDK.
//
// Reads {"url", "way", "events"} as JSON from standard input, and writes {"status", "said"}: what the endpoint answered.
// The events are structured CloudEvents, and nothing here looks into their data.
"use strict";

const { readFileSync } = require("node:fs");
const { AzureKeyCredential, EventGridPublisherClient } = require("@azure/eventgrid");
const { CloudEvent, HTTP, Mode, emitterFor } = require("cloudevents");

/** Event Grid's client calls whatever is not in the specification's core an extension. */
function forEventGrid({ specversion, id, source, type, subject, time, datacontenttype, dataschema, data, ...extensionAttributes }) {
  return { id, source, type, subject, time: time && new Date(time), datacontenttype, dataschema, data, extensionAttributes };
}

/** The same event in Event Grid's own schema. */
function inItsOwnSchema({ id, type, subject, time, data }) {
  return { id, eventType: type, subject, eventTime: new Date(time), data, dataVersion: "1.0" };
}

async function withEventGrid(url, schema, events) {
  const credential = new AzureKeyCredential("bm90IGEga2V5");
  const client = new EventGridPublisherClient(url, schema, credential, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  let status = 0;
  try {
    await client.send(events, { onResponse: (response) => { status = response.status; } });
    return { status, said: "" };
  } catch (error) {
    return { status: error.statusCode ?? 0, said: error.message };
  }
}

async function withCloudEvents(url, mode, events, headers = {}) {
  const send = async (message) => {
    const response = await fetch(url, { method: "POST", headers: { ...message.headers, ...headers }, body: message.body });
    return { status: response.status, said: await response.text() };
  };
  const emit = emitterFor(send, { binding: HTTP, mode });
  let answer = { status: 0, said: "no event" };
  for (const event of events) {
    answer = await emit(new CloudEvent(event));
    if (answer.status !== 200) break;
  }
  return answer;
}

const WAYS = {
  "event-grid": (url, events) => withEventGrid(url, "CloudEvent", events.map(forEventGrid)),
  "event-grid-schema": (url, events) => withEventGrid(url, "EventGrid", events.map(inItsOwnSchema)),
  structured: (url, events) => withCloudEvents(url, Mode.STRUCTURED, events),
  binary: (url, events) => withCloudEvents(url, Mode.BINARY, events),
  "wrong-type": (url, events) => withCloudEvents(url, Mode.STRUCTURED, events, { "content-type": "text/plain" }),
};

async function main() {
  const { url, way, events } = JSON.parse(readFileSync(0, "utf8"));
  process.stdout.write(JSON.stringify(await WAYS[way](url, events)) + "\n");
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
