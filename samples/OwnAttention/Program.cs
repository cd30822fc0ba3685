// An attention of one's own, registered under a name and put into networks.
using OwnAttention;
using PolaFormer.Models;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

AttentionRegistry.Add(SquaredReluAttention.Entry);

foreach (string host in (string[])["deit_tiny", "pvt_tiny", "pvt_v2_b0", "swin_tiny"])
{
    VisionModel model = ModelRegistry.Find(host).WithAttention(["squared-relu"]).Create();
    model.Initialize(seed: 1);
    model.Evaluate();
    Tensor logits = model.Forward(Tensor.Full([1, model.ImageSize, model.ImageSize, 3], 0.1f));
    Console.WriteLine($"{host}: {model.ParameterCount:N0} parameters, logits {logits.Shape}");
}
