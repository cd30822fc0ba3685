// An attention of one's own, registered under a name and put into a layer.
using OwnAttention;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

AttentionRegistry.Add(SquaredReluAttention.Entry);

AttentionMechanism mechanism = AttentionRegistry.Find("squared-relu").Create(AttentionShape.Grid(dim: 64, numHeads: 2, height: 14, width: 14));
var layer = new SelfAttention(mechanism);
layer.Initialize(seed: 1);
Console.WriteLine($"{string.Join(", ", layer.NamedParameters().Select(entry => entry.Name))}: {layer.Forward(Tensor.Full([1, 14, 14, 64], 0.1f)).Shape}");
