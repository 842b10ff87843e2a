-- What a director needs outside its IPVS table is owned like its entries: the addresses that clusters ask to have bound, and
-- source NAT. Definitions that ask for it were stored before anything was done about it.

CREATE INDEX virtual_services_by_address ON resources (spec ->> '$.address', path) WHERE kind = 'virtualService';

INSERT INTO entries (key, path, state, config, revision, drain_seconds, drain_deadline, origin)
SELECT
  'snat/' || key, path, 'living',
  json_object('addresses', json(nullif(
    (SELECT json_group_array(value) FROM (
      SELECT DISTINCT value FROM json_each(forwarding, '$.snat.addresses')
      WHERE (instr(value, ':') > 0) = is_ipv6 ORDER BY value)),
    '[]'))),
  revision, 0, NULL, 'fresh'
FROM (
  SELECT
    entry.key, entry.path, service.revision,
    coalesce(service.spec -> '$.forwarding', cluster.spec -> '$.forwarding') AS forwarding,
    instr(coalesce(service.spec ->> '$.address', ''), ':') > 0 OR service.spec ->> '$.family' IS 'ipv6' AS is_ipv6
  FROM entries AS entry
    JOIN resources AS service ON service.path = entry.path AND service.kind = 'virtualService'
    JOIN resources AS cluster ON cluster.path = service.parent
  WHERE entry.state = 'living')
WHERE forwarding ->> '$.method' = 'fullnat';

INSERT INTO entries (key, path, state, config, revision, drain_seconds, drain_deadline, origin)
SELECT
  'address/' || (service.spec ->> '$.address'), min(service.path), 'living',
  json_object(
    'interface', cluster.spec ->> '$.vip.interface',
    'prefixLength', iif(instr(service.spec ->> '$.address', ':') > 0, 128, 32)),
  service.revision, 0, NULL, 'fresh'
FROM resources AS service JOIN resources AS cluster ON cluster.path = service.parent
WHERE service.kind = 'virtualService'
  AND service.spec ->> '$.address' IS NOT NULL AND cluster.spec ->> '$.vip.interface' IS NOT NULL
GROUP BY service.spec ->> '$.address';
