using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.NN.Tests;

public class AnomalyDetectionTests
{
    [Fact]
    public void AnOverflowNamesItsOperatorLayerAndStep()
    {
        NonFiniteException error = Detect(new ModuleList<Module>([new Linear(4, 4), new Function(x => (x * 1000).Exp()), new Linear(4, 4)]));
        Assert.Equal(("Exp", "1", 7UL, false), (error.Operator, error.Module, error.Step, error.IsBackward));
        Assert.Equal((0L, 18L), (error.NaNs, error.Infinities));
        Assert.Contains("Step 7, forward: the result of Exp in 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AGradientNamesTheLayerWhoseForwardPassItBelongsTo()
    {
        // √0 is 0, its slope infinite.
        NonFiniteException error = Detect(new ModuleList<Module>([new Linear(4, 4), new Function(x => (x - x).Sqrt()), new Linear(4, 4)]));
        Assert.Equal(("Sqrt", "1", 7UL, true), (error.Operator, error.Module, error.Step, error.IsBackward));
    }

    [Fact]
    public void OverflowWithinACheckpointedModuleIsNamedToo()
    {
        var layers = new ModuleList<Module>([new Linear(4, 4), new Function(x => (x * 1000).Exp())]) { IsCheckpointed = true };
        Assert.Equal(("Exp", "1"), (Detect(layers).Operator, Detect(layers).Module));
    }

    [Fact]
    public void LargeKeysOfPlusPlusAreNamed()
    {
        var attention = new GatedRotaryAttention(new PolarityPlusPlusAttention(new AttentionShape(8, 2, 1)), new RotaryEncoding(16, 2));
        var layers = new ModuleList<Module>([new Linear(4, 8), attention]);
        layers.Initialize(1);
        Parameter bias = attention.NamedParameters().Single(entry => entry.Name == "qkvg.bias").Parameter;
        bias.AsSpan<float>()[8..16].Fill(100);
        NonFiniteException error = Detect(layers, initialize: false);
        Assert.Equal(("PolarityAttentionPlusPlus", "1"), (error.Operator, error.Module));
    }

    [Fact]
    public void NothingIsLookedAtAfterwards()
    {
        AnomalyDetection.Enable().Dispose();
        using var tape = Tape.Start();
        Tensor x = Tensor.Full([2], 1e6f);
        x.RequiresGrad = true;
        Assert.True(float.IsInfinity(x.Exp().ToArray()[0]));
    }

    private static NonFiniteException Detect(ModuleList<Module> layers, bool initialize = true)
    {
        if (initialize)
            layers.Initialize(1);
        RandomStep.Current = new RandomStep(0, 7);
        using IDisposable detection = AnomalyDetection.Enable();
        using var tape = Tape.Start();
        return Assert.Throws<NonFiniteException>(() =>
        {
            Tensor y = layers.Forward(Tensor.Full([1, 2, 3, 4], 1));
            tape.Backward(y, Tensor.Full(y.Shape, 1));
        });
    }

    private sealed class Function(Func<Tensor, Tensor> function) : Module
    {
        protected override Tensor Run(Tensor x) => function(x);
    }
}
