/**
 * A process that writes to the store of the file it is given, one group of writes after the other, until it is killed or the
 * database fails. It prints the names of what was acknowledged, a line for each group, or the reason of the failure.
 */
import { DomainError } from '../../src/domain/errors.js';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.js';
import { cluster, context } from '../contract/store/subject.js';

const [file = '', prefix = '', groups = 'Infinity'] = process.argv.slice(2);
const store = createSqliteStore({ file });

try {
  for (let group = 0; group < Number(groups); group += 1) {
    const names = Array.from({ length: 8 }, (_, n) => `${prefix}-${group}-${n}`);
    await Promise.all(names.map((name) => store.write(context, (tx) => tx.put(cluster(name)))));
    process.stdout.write(`${names.join(' ')}\n`);
  }
} catch (error) {
  process.stdout.write(`${error instanceof DomainError ? error.reason : String(error)}\n`);
}
store.close();
