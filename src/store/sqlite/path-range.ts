import { endpoint } from '../../domain/keys.js';

interface Range {
  readonly from: string;
  readonly to: string;
}

/** Everything below a path is one range of the index: its descendants begin with the path and "/", and "0" follows "/". */
export function below(path: string): Range {
  return { from: `${path}/`, to: `${path}0` };
}

/** Likewise for the destinations of a frontend, whose keys begin with its own and "->"; "-?" follows "->". */
export function destinationsOf(frontendKey: string): Range {
  return { from: `${frontendKey}->`, to: `${frontendKey}-?` };
}

/** And for the services at an address with their destinations, one range for each protocol; ";" follows ":". */
export function servicesAt(address: string): Range[] {
  return ['tcp', 'udp', 'sctp'].map((protocol) => {
    const from = `${protocol}/${endpoint(address, 0).slice(0, -1)}`;
    return { from, to: `${from.slice(0, -1)};` };
  });
}
