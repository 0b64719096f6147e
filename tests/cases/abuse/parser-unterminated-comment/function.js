export default () => 1; /* abc
