/** The thread of `write-back.ts`: writes the log of one database back, as far as nobody reads in it, and ends. */
import { workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

const db = new Database(workerData as string, { fileMustExist: true });
db.pragma('wal_checkpoint(PASSIVE)');
db.close();
