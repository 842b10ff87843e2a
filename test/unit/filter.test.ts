import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DomainError } from '../../src/domain/errors.js';
import { parseFilter } from '../../src/domain/filter.js';

const web = {
  path: 'projects/default/clusters/shop/virtual-services/http',
  labels: { team: 'web', 'example.com/tier': 'front' },
  spec: { protocol: 'tcp', port: 80, onePacket: false, persistence: null, forwarding: { method: 'nat' } },
};

test('a resource passes when every term holds', () => {
  for (const filter of [
    'name=http',
    'name!=https',
    'labels.team=web',
    'labels.example.com/tier=front',
    'labels.absent=',
    'labels.team!=',
    'spec.port=80',
    'spec.onePacket=false',
    'spec.forwarding.method=nat',
    'spec.persistence=',
    'spec.persistence.engine!=sip',
    'name=http, spec.protocol=tcp ,labels.team!=ops',
  ]) {
    assert.equal(parseFilter(filter)(web), true, filter);
  }
});

test('a resource fails when one term does not hold', () => {
  for (const filter of [
    'name=https',
    'name!=http',
    'labels.team=',
    'spec.port=8080',
    'name=http,spec.port!=80',
  ]) {
    assert.equal(parseFilter(filter)(web), false, filter);
  }
});

test('a value may contain what looks like an operator', () => {
  const equation = { ...web, labels: { note: 'a=b!=c' } };
  assert.equal(parseFilter('labels.note=a=b!=c')(equation), true);
});

test('what every object inherits is no field of a resource', () => {
  for (const field of ['labels.constructor', 'labels.__proto__', 'spec.constructor', 'spec.toString.name']) {
    assert.equal(parseFilter(`${field}=`)(web), true, field);
  }
});

test('a term that cannot be read is named', () => {
  for (const term of ['', 'name', 'team=web', 'labels.=x', 'spec=1', 'status.state=applied', 'spec.a b=1']) {
    assert.throws(
      () => parseFilter(`name=x,${term}`),
      (error: DomainError) => error.reason === 'FILTER_INVALID' && error.metadata.term === term,
      term,
    );
  }
  assert.throws(() => parseFilter(''), DomainError);
});
