import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'build',
      'dist',
      'examples/*/dist',
      '.chaos',
      '.bench',
      'coverage',
      'node_modules',
      '*.cjs',
      '*.mjs',
      'scripts',
      'bench/*.mjs',
      'src/**/*.generated.ts',
      'src/**/*.as.ts',
    ],
  },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true } }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name every export.' },
        { selector: 'ImportDeclaration[specifiers.length=0]', message: 'No import for its side effect.' },
      ],
      'max-params': ['error', { max: 4 }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/sdk/system.ts', 'src/sdk/{run-process,process-signals}.ts', 'src/harness/**', 'src/simulators/**'],
    rules: {
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'performance'],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Take Random from a port.' },
        { object: 'Date', property: 'now', message: 'Take Clock from a port.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name every export.' },
        { selector: 'ImportDeclaration[specifiers.length=0]', message: 'No import for its side effect.' },
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Take Clock from a port.' },
      ],
    },
  },
  {
    // Their own configuration finds the SDK where it is installed; here it is in src.
    files: ['examples/**/*.ts'],
    languageOptions: { parserOptions: { projectService: false, project: './tsconfig.json' } },
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['tests/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
);
