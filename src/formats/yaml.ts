/** A definition as YAML 1.2, which is its JSON in other clothes: the server takes back what it says. */
import { stringify } from 'yaml';
import type { Definition } from '../domain/schema/definition.js';
import type { DefinitionDocument } from './definition.js';

export function writeYaml(definition: Definition | DefinitionDocument): string {
  return stringify(definition, { aliasDuplicateObjects: false, lineWidth: 0 });
}
