#!/usr/bin/env node
/** The command `sekoia-module`. */
import { keepHeapSmall } from '../sdk/small-heap.js';

// Before all else is loaded, which would make it grow.
keepHeapSmall();
await import('./command-line.js');
