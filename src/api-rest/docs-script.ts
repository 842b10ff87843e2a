/** Runs in the browser, on the page of Swagger UI, before that starts. A script of this server, as its policy demands. */
export const DOCS_SCRIPT = `'use strict';

// Swagger UI keeps the token in localStorage, for ever. Here it lasts as long as the tab.
localStorage.removeItem('authorized');
Object.defineProperty(window, 'localStorage', { value: window.sessionStorage });

// The filter box looks for words in names, paths and summaries of operations, not only in tags.
function opsFilter(tags, phrase) {
  const words = phrase.toLowerCase().split(/\\s+/);
  const hasAll = (text) => words.every((word) => text.toLowerCase().includes(word));
  return tags
    .map((tag, name) =>
      tag.update('operations', (operations) =>
        operations.filter((one) => {
          const parts = [name, one.get('method'), one.get('path'), one.getIn(['operation', 'operationId'])];
          return hasAll([...parts, one.getIn(['operation', 'summary'])].join(' '));
        }),
      ),
    )
    .filter((tag) => tag.get('operations').size > 0);
}

const start = window.SwaggerUIBundle;
window.SwaggerUIBundle = Object.assign(
  (config) => start({ ...config, plugins: [...config.plugins, () => ({ fn: { opsFilter } })] }),
  start,
);

new MutationObserver((_changes, observer) => {
  const filter = document.querySelector('.operation-filter-input');
  if (!filter) return;
  filter.placeholder = 'Find operations: words of a path, a name or a summary';
  observer.disconnect();
}).observe(document.body, { childList: true, subtree: true });
`;

/** Long answers are read without scrolling sideways; nobody reads a token over a shoulder. */
export const DOCS_STYLE = `.swagger-ui .microlight, .swagger-ui .microlight * {
  white-space: pre-wrap !important; word-break: normal !important; overflow-wrap: anywhere !important;
}
.swagger-ui .info { margin: 24px 0; }
.swagger-ui .filter .operation-filter-input { max-width: 40em; }
.swagger-ui .auth-container input { width: 36em; -webkit-text-security: disc; }
`;
