/** Everything below a path is one range of the index: its descendants begin with the path and "/", and "0" follows "/". */
export function below(path: string): { readonly from: string; readonly to: string } {
  return { from: `${path}/`, to: `${path}0` };
}

/** Likewise for the destinations of a frontend, whose keys begin with its own and "->"; "-?" follows "->". */
export function destinationsOf(frontendKey: string): { readonly from: string; readonly to: string } {
  return { from: `${frontendKey}->`, to: `${frontendKey}-?` };
}
