using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Models.Tests;

/// <summary>DeiT with a distillation token beside the class token.</summary>
public class DistilledDeiTTests
{
    private static readonly DeiTConfig Config = new() { ImageSize = 32, NumClasses = 3, PatchSize = 8, EmbedDim = 8, Depth = 1, NumHeads = 2, MlpRatio = 1, DropPathRate = 0, DistillationToken = true };

    [Fact]
    public void ItsStateDictIsTheAuthors()
    {
        string[] names = [.. Config.Create().StateDict().Select(entry => $"{entry.Name} {entry.Tensor.Shape}")];
        Assert.Equal(["cls_token (1, 1, 8)", "pos_embed (1, 18, 8)", "dist_token (1, 1, 8)", "patch_embed.proj.weight (8, 3, 8, 8)"], names[..4]);
        Assert.Equal(["norm.weight (8)", "norm.bias (8)", "head.weight (3, 8)", "head.bias (3)", "head_dist.weight (3, 8)", "head_dist.bias (3)"], names[^6..]);
    }

    [Fact]
    public void TheLogitsAreTheMeanOfBothClassifiers()
    {
        DeiT model = Config.Create();
        model.Initialize(3);
        model.Evaluate();
        Tensor pooled = model.ForwardPooled(model.ForwardFeatures(TestImages.Make(2, 32)));
        Assert.Equal(new Shape(2, 16), pooled.Shape);

        Dictionary<string, Parameter> parameters = model.NamedParameters().ToDictionary();
        float[] logits = model.Forward(TestImages.Make(2, 32)).ToArray();
        for (int image = 0; image < 2; image++)
        {
            for (int label = 0; label < 3; label++)
            {
                double Classifier(string name, int token) => parameters[$"{name}.bias"].ToArray()[label] + Enumerable.Range(0, 8).Sum(channel =>
                    (double)pooled.ToArray()[(image * 16) + (token * 8) + channel] * parameters[$"{name}.weight"].ToArray()[(label * 8) + channel]);
                Assert.Equal((Classifier("head", 0) + Classifier("head_dist", 1)) / 2, logits[(image * 3) + label], 1e-5f);
            }
        }
    }

    [Fact]
    public void BothClassifiersAreReset()
    {
        DeiT model = Config.Create();
        model.Initialize(3);
        model.ResetClassifier(5, seed: 4);
        Dictionary<string, Parameter> parameters = model.NamedParameters().ToDictionary();
        Assert.Equal((5, new Shape(5, 8), new Shape(5, 8)), (model.NumClasses, parameters["head.weight"].Shape, parameters["head_dist.weight"].Shape));
        Assert.NotEqual(parameters["head.weight"].ToArray(), parameters["head_dist.weight"].ToArray());
        using var tape = Tape.Start();
        tape.Backward(model.Forward(TestImages.Make(1, 32)).LogSoftmax().Slice(1, 1, 1).Mean());
        Assert.NotNull(parameters["head_dist.weight"].Grad);
    }

    [Fact]
    public void ItsSecondTokenNeedsAFirst() =>
        Assert.Contains("ClassToken", Assert.Throws<ArgumentException>(() => (Config with { ClassToken = false }).Create()).Message, StringComparison.Ordinal);
}
