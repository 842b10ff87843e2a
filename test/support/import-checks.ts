/** What must hold of every import, whatever was read. */
import assert from 'node:assert/strict';
import { effectiveForwarding } from '../../src/domain/desired.js';
import {
  clusterViolations,
  pairingViolations,
  realServerViolations,
  virtualServiceViolations,
} from '../../src/domain/rules.js';
import { DefinitionInput } from '../../src/domain/schema/definition.js';
import { createValidator } from '../../src/domain/validate.js';
import type { DefinitionDocument } from '../../src/formats/definition.js';
import { normaliseDocument } from '../../src/formats/normalise.js';
import type { ImportResult } from '../../src/formats/result.js';

const validate = createValidator(DefinitionInput);

/** Nothing lost, nothing invalid, every finding with its place and its words. */
export function checkImport({ clusters, findings, directives }: ImportResult): void {
  assert.equal(
    directives.takenOver + directives.named,
    directives.read,
    'a directive was dropped in silence',
  );
  for (const { file, line, detail } of findings) {
    assert.ok(file !== '' && Number.isInteger(line) && line >= 1, `no place: ${file}:${line}`);
    assert.match(detail, /[.!]$/);
  }
  for (const document of Object.values(clusters)) checkDefinition(document);
}

function checkDefinition(document: DefinitionDocument): void {
  validate(document);
  const { spec: cluster, virtualServices } = normaliseDocument(document);
  assert.deepEqual(clusterViolations(cluster), []);
  for (const { spec, realServers } of Object.values(virtualServices)) {
    assert.deepEqual(virtualServiceViolations(spec), []);
    for (const { spec: server } of Object.values(realServers)) {
      assert.deepEqual(realServerViolations(server), []);
      assert.deepEqual(pairingViolations(spec, server, effectiveForwarding(cluster, spec, server)), []);
    }
  }
  checkMinimal(document);
}

/** Without any one field, the definition would be another or none. */
function checkMinimal(document: DefinitionDocument): void {
  const whole = JSON.stringify(normaliseDocument(document));
  for (const [name, { spec, realServers }] of Object.entries(document.virtualServices)) {
    for (const field of Object.keys(spec)) {
      assert.notEqual(
        normalisedWithout(document, (copy) => delete copy.virtualServices[name]?.spec[field]),
        whole,
        `${name} ${field}`,
      );
    }
    for (const [server, { spec: fields }] of Object.entries(realServers)) {
      for (const field of Object.keys(fields).filter((one) => one !== 'address')) {
        const without = normalisedWithout(
          document,
          (copy) => delete copy.virtualServices[name]?.realServers[server]?.spec[field],
        );
        assert.notEqual(without, whole, `${name} ${server} ${field}`);
      }
    }
  }
}

interface LooseDocument {
  virtualServices: Record<
    string,
    { spec: Record<string, unknown>; realServers: Record<string, { spec: Record<string, unknown> }> }
  >;
}

function normalisedWithout(document: DefinitionDocument, remove: (copy: LooseDocument) => void): string {
  const copy = structuredClone(document);
  remove(copy as unknown as LooseDocument);
  return JSON.stringify(normaliseDocument(copy));
}
