/** What a director does by itself about drift. */
import {
  DEFAULT_DRIFT_POLICY,
  type DriftPolicy,
  type DriftPolicySetting,
  DriftPolicySettingInput,
} from '../../domain/schema/drift-policy.js';
import { createValidator } from '../../domain/validate.js';
import { directorPath, directorSpec } from '../../reconcile/converge-settings.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Reader, Store, Transaction } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { DriftPolicies } from '../control.js';
import { checkPreconditions, etagOf } from '../preconditions.js';
import { keeping } from '../retries/kept-answers.js';
import { previewOf, writeContext } from '../write-context.js';
import { withoutDirector } from './director-settings.js';
import { requireKnownDirector } from './directors.js';

interface Body {
  readonly spec: Partial<DriftPolicy>;
  readonly etag?: string;
}

export function createDriftPolicies(store: Store, reconciler: Reconciler): DriftPolicies {
  const { director } = reconciler;
  const path = directorPath(director.name);
  const validate = createValidator(DriftPolicySettingInput);

  /** Settings are always there, at revision 0 until something is stored. */
  const revisionIn = (reader: Reader) => reader.resource(path)?.revision ?? 0;

  function present(): DriftPolicySetting {
    const { spec, revision } = store.read((reader) => ({
      spec: directorSpec(reader, director.name).driftPolicy,
      revision: revisionIn(reader),
    }));
    const status = { held: director.held !== null, detail: director.held };
    return { director: director.name, spec, status, revision, etag: etagOf(revision) };
  }

  return {
    async get(call, name) {
      authorise(call, 'getDriftPolicy');
      requireKnownDirector(director.name, name);
      return present();
    },

    async replace(call, name, body, options) {
      authorise(call, 'replaceDriftPolicy');
      requireKnownDirector(director.name, name);
      const { spec, etag } = validate(withoutDirector(body)) as Body;
      const context = writeContext(call, 'replaceDriftPolicy');
      const change = keeping(call, put, () => ({ resource: present(), created: false, pending: false }));
      function put(tx: Transaction): void {
        checkPreconditions(path, etagOf(revisionIn(tx)), { ...options, bodyEtag: etag });
        const driftPolicy = { ...DEFAULT_DRIFT_POLICY, ...spec };
        const wanted = { ...directorSpec(tx, director.name), driftPolicy };
        tx.put({ kind: 'director', path, labels: {}, spec: wanted });
      }
      if (options.validateOnly) {
        return {
          preview: previewOf({ ...(await store.write(context, change, { dryRun: true })), operations: [] }),
        };
      }
      await reconciler.writePolicy(context, change);
      return { resource: present(), created: false, pending: false };
    },
  };
}
