import { createMemoryStore } from '../../src/store/memory-store.ts'
import { createNaiveStore } from './store-model.ts'
import { storeSuite } from './store-suite.ts'

storeSuite('the store in memory', createMemoryStore)
storeSuite('the naive store that others are compared with', createNaiveStore)
