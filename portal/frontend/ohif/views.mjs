// The views of the `ndarray` library as plain code. The library writes the text of each kind and has it compiled, which
// the page's policy refuses (CSP3 §4.4): without this no segmentation is drawn. Put into OHIF's scripts as text, so
// the function stands alone. `constructors` is the library's list for this type: by dimension, from -1 on.
export function viewOf(dtype, dimension, constructors, order) {
  const given = (value) => typeof value === "number";
  const isGeneric = dtype === "generic";
  const make = (data, shape, stride, offset) => new View(data, shape, stride, offset);

  class View {
    constructor(data, shape, stride, offset) {
      this.data = data;
      if (dimension < 0) return;
      this.offset = offset | 0;
      if (!dimension) return;
      this.shape = Array.from(shape).slice(0, dimension);
      this.stride = Array.from(stride).slice(0, dimension);
    }

    get size() {
      if (dimension < 1) return dimension + 1;
      return this.shape.reduce((product, length) => product * length, 1);
    }

    get order() {
      return dimension < 1 ? [] : order.call(this);
    }

    index(...at) {
      if (dimension < 0) return -1;
      let place = this.offset;
      for (let axis = 0; axis < dimension; axis++) place += this.stride[axis] * at[axis];
      return place;
    }

    get(...at) {
      if (dimension < 0) return undefined;
      const place = this.index(...at);
      return isGeneric ? this.data.get(place) : this.data[place];
    }

    set(...atAndValue) {
      if (dimension < 0) return undefined;
      const [place, value] = [this.index(...atAndValue), atAndValue[dimension]];
      return isGeneric ? this.data.set(place, value) : (this.data[place] = value);
    }

    hi(...ends) {
      if (dimension < 1) return make(this.data, [], [], this.offset);
      const shape = this.shape.map((length, axis) => (given(ends[axis]) && ends[axis] >= 0 ? ends[axis] | 0 : length));
      return make(this.data, shape, this.stride, this.offset);
    }

    lo(...starts) {
      if (dimension < 1) return make(this.data, [], [], this.offset);
      const from = starts.slice(0, dimension).map((start) => (given(start) && start >= 0 ? start | 0 : 0));
      const offset = from.reduce((sum, start, axis) => sum + this.stride[axis] * start, this.offset);
      return make(this.data, this.shape.map((length, axis) => length - (from[axis] ?? 0)), this.stride, offset);
    }

    step(...steps) {
      if (dimension < 1) return make(this.data, [], [], this.offset);
      const [shape, stride] = [[...this.shape], [...this.stride]];
      let offset = this.offset;
      steps.slice(0, dimension).forEach((step, axis) => {
        if (!given(step)) return;
        const by = step | 0;
        if (by < 0) offset += stride[axis] * (shape[axis] - 1);
        shape[axis] = Math.ceil(shape[axis] / Math.abs(by));
        stride[axis] *= by;
      });
      return make(this.data, shape, stride, offset);
    }

    transpose(...axes) {
      if (dimension < 1) return make(this.data, [], [], this.offset);
      const from = this.shape.map((_, axis) => (axes[axis] === undefined ? axis : axes[axis] | 0));
      return make(this.data, from.map((axis) => this.shape[axis]), from.map((axis) => this.stride[axis]), this.offset);
    }

    pick(...at) {
      if (dimension < 0) return null;
      if (!dimension) return constructors[0](this.data);
      const isPicked = (axis) => given(at[axis]) && at[axis] >= 0;
      const left = this.shape.map((_, axis) => axis).filter((axis) => !isPicked(axis));
      const offset = at.reduce((sum, place, axis) => (isPicked(axis) ? (sum + this.stride[axis] * place) | 0 : sum), this.offset);
      const [shape, stride] = [left.map((axis) => this.shape[axis]), left.map((axis) => this.stride[axis])];
      return constructors[shape.length + 1](this.data, shape, stride, offset);
    }
  }
  if (dimension < 1) View.prototype.shape = View.prototype.stride = [];
  if (dimension === 0) View.prototype.valueOf = View.prototype.get;
  View.prototype.dtype = dtype;
  View.prototype.dimension = dimension;
  return make;
}
