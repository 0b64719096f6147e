const Thing = () => 1;
export default {
  fetch() {
    const a = 1;
    return [a,
      new Thing(),
    ];
  },
};
