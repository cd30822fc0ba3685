// Polarity-aware attention as a layer of a network of one's own: forward on a 56×56 grid of tokens, then one gradient.
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

var attention = new PvtAttention(new PolarityAttention(AttentionShape.Grid(dim: 64, numHeads: 2, height: 56, width: 56)));
attention.Initialize(seed: 1);
Tensor tokens = Tensor.Full([1, 56, 56, 64], 0.1f);

using var tape = Tape.Start();
Tensor mixed = attention.Forward(tokens);
tape.Backward(mixed.Mean());

Console.WriteLine($"output {mixed.Shape}");
foreach ((string name, var parameter) in attention.NamedParameters())
    Console.WriteLine($"{name,-20} {parameter.Shape,-18} gradient norm {Norm(parameter.Grad!):E2}");

static double Norm(Tensor gradient) => Math.Sqrt(gradient.ToArray().Sum(value => (double)value * value));
