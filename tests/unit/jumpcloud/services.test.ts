import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KNOWN_SERVICES, parseServices } from '../../../src/jumpcloud/services.js';

describe('the service setting', () => {
  it.each<[string | string[], string[]]>([
    ['sso', ['sso']],
    ['sso,radius', ['sso', 'radius']],
    [' SSO , Radius ,', ['sso', 'radius']],
    [
      ['sso', 'radius'],
      ['sso', 'radius'],
    ],
    [
      ['sso, radius', ' LDAP'],
      ['sso', 'radius', 'ldap'],
    ],
    ['sso,SSO,sso', ['sso']],
    ['alert,alerts', ['alert', 'alerts']],
    ['all', ['all']],
    ['ALL,all', ['all']],
    ['', ['all']],
    [' , ,', ['all']],
    [[], ['all']],
    ['unlisted:Pam', ['Pam']],
    ['Unlisted: pam', ['pam']],
    ['unlisted:sso,sso', ['sso']],
  ])('written %j asks for %j', (value, services) => {
    expect(parseServices(value)).toEqual({ services, warnings: [], problems: [] });
  });

  it('reduces all with others to all, and says so', () => {
    expect(parseServices('sso,all,unlisted:pam')).toEqual({
      services: ['all'],
      warnings: ["'all' already includes sso, pam: collecting all"],
      problems: [],
    });
  });

  it('names an unknown service, the nearest known one, and the way around', () => {
    const { problems } = parseServices('sso,rdius');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^unknown service 'rdius': did you mean 'radius'\? The known ones are all, access_/);
    expect(problems[0]).toMatch(/to send an unlisted name as is, write unlisted:rdius$/);
  });

  it('guesses nothing where nothing is near', () => {
    expect(parseServices('kubernetes').problems[0]).toMatch(/^unknown service 'kubernetes'\. The known ones are/);
  });

  it('names each unknown service, also beside all', () => {
    expect(parseServices('all,nope1,nope2').problems).toHaveLength(2);
  });

  it.each(['unlisted:', 'unlisted: a b', 'unlisted:pâm'])('refuses the escape %j', (value) => {
    expect(parseServices(value).problems[0]).toMatch(/^'unlisted:' /);
  });

  it('reads any known services in any case, blanks, repetition and grouping as each of them once, in order', () => {
    const names = fc.array(fc.constantFrom(...KNOWN_SERVICES), { minLength: 1 });
    const style = fc.array(fc.tuple(fc.boolean(), fc.constantFrom('', ' ', '\t', '\n')), {
      minLength: 50,
      maxLength: 50,
    });
    fc.assert(
      fc.property(names, style, fc.boolean(), (chosen, styles, asList) => {
        const written = chosen.map((name, index) => {
          const [upper, blank] = styles[index % styles.length]!;
          return `${blank}${upper ? name.toUpperCase() : name}${blank}`;
        });
        const { services, problems } = parseServices(asList ? written : written.join(','));
        expect(problems).toEqual([]);
        expect(services).toEqual([...new Set(chosen)]);
      }),
    );
  });

  it('never asks for nothing, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { services, problems } = parseServices(text);
        expect(problems.length > 0 || services.length > 0).toBe(true);
        for (const name of problems.length > 0 ? [] : services) expect(name).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });
});

describe('the known services', () => {
  it('are sorted, in lower case, each once, and do not hold all', () => {
    expect([...KNOWN_SERVICES]).toEqual([...new Set(KNOWN_SERVICES)].sort());
    expect(KNOWN_SERVICES).not.toContain('all');
    expect(KNOWN_SERVICES).toHaveLength(17);
    for (const name of KNOWN_SERVICES) expect(name).toMatch(/^[a-z_]+$/);
  });
});
