import { sqliteSource } from '../support/sqlite-source.js';
import { describeStore } from './store-contract.js';

describeStore({ name: 'sqlite', create: sqliteSource });
