import { mount } from 'svelte';
import '../look/tokens.css';
import '../look/base.css';
import Node from './Node.svelte';

const target = document.getElementById('page');
if (target) mount(Node, { target });
