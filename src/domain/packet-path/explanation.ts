import { type Flow, isForgotten } from './hops.js';

/** Why the reply comes back the way it does. */
export function explanationOf(flow: Flow): string {
  const { realServer, toServer, forwarding } = flow;
  const { method, snat } = forwarding;
  if (toServer?.local) {
    return `${realServer} is the director itself: nothing leaves it between request and reply.`;
  }
  if (isForgotten(flow)) {
    return `${realServer} answers the client as itself: nobody on the way remembers for which VIP it was asked.`;
  }
  switch (method) {
    case 'nat':
      return (
        `${realServer} answers the client. Its reply gets to the director because its way to the client leads there; the director ` +
        `finds the connection and puts the VIP in as the source, so that the client hears from whom it asked.`
      );
    case 'dr':
      return (
        `The director changes nothing but the MAC address. ${realServer} has the VIP itself, so it takes the packet and answers as the ` +
        `VIP, straight to the client: the director carries only requests.`
      );
    case 'tun':
      return (
        `The director puts the packet into another one to the RIP, over any network. ${realServer} unpacks it, has the VIP itself, and ` +
        `answers as the VIP, straight to the client: the director carries only requests.`
      );
    case 'fullnat':
      return (
        `${realServer} sees the director as its peer and answers it, by its ordinary routes. The director knows the connection by ` +
        `both ends and puts VIP and client back. The real server does not see who the client is.` +
        (snat && snat.addresses.length > 1 ? ` The source is one of ${snat.addresses.join(', ')}.` : '')
      );
  }
}
