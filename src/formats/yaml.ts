/** YAML 1.2 that is JSON in other clothes: of a definition, the server takes back what it says. */
import { stringify } from 'yaml';

export function writeYaml(document: object): string {
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 });
}
