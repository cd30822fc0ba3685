using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Tests;

public class ModuleTests
{
    [Fact]
    public void StateDictListsOwnTensorsBeforeThoseOfChildrenInTheAuthorsOrder()
    {
        var attention = new PvtAttention(new PolarityAttention(AttentionShape.Grid(8, 2, 4, 4) with { KeyTokens = 4 }), srRatio: 2);
        Assert.Equal(
            ["power", "scale", "positional_encoding", "qg.weight", "qg.bias", "kv.weight", "kv.bias", "proj.weight", "proj.bias", "sr.weight", "sr.bias", "norm.weight", "norm.bias", "dwc.weight", "dwc.bias"],
            attention.StateDict().Select(entry => entry.Name));
    }

    [Fact]
    public void FullNameGoesFromTheRootDown()
    {
        var list = new ModuleList<Mlp>([new Mlp(4, 8), new Mlp(4, 8)]);
        Assert.Equal("1.fc2", list[1].Children[1].Module.FullName);
    }

    [Fact]
    public void TrainAndEvaluateReachEveryPart()
    {
        var list = new ModuleList<Mlp>([new Mlp(4, 8)]);
        list.Train();
        Assert.All(list.Modules(), module => Assert.True(module.IsTraining));
        list.Evaluate();
        Assert.All(list.Modules(), module => Assert.False(module.IsTraining));
    }

    [Fact]
    public void IntermediatesOfAModuleAreGoneAfterIt()
    {
        long before = MemoryStatistics.BytesInUse;
        var mlp = new Mlp(64, 256);
        mlp.Initialize(0);
        long parameters = MemoryStatistics.BytesInUse - before;
        using (MemoryScope.Enter())
        {
            Tensor x = Tensor.Full([16, 64], 1);
            Tensor y = mlp.Forward(x);
            long held = MemoryStatistics.BytesInUse - before - parameters;
            Assert.Equal(2 * 4096, held);
            Assert.Equal(new Shape(16, 64), y.Shape);
        }
    }

    [Fact]
    public void DropPathKeepsTheMeanAndDropsWholeSamples()
    {
        var drop = new DropPath(0.25f);
        drop.Train();
        RandomStep.Current = new RandomStep(5, 9);
        float[] samples = drop.Forward(Tensor.Full([4000, 2], 1)).ToArray();
        Assert.All(samples.Chunk(2), sample => Assert.Equal(sample[0], sample[1]));
        Assert.All(samples, value => Assert.True(value is 0 or 1 / 0.75f));
        Assert.InRange(samples.Average(), 0.95, 1.05);
    }

    [Fact]
    public void DropPathRepeatsItsDrawsForTheSameStepOnly()
    {
        float[] Draw(ulong step)
        {
            var drop = new DropPath(0.5f);
            drop.Train();
            RandomStep.Current = new RandomStep(1, step);
            return drop.Forward(Tensor.Full([64, 1], 1)).ToArray();
        }

        Assert.Equal(Draw(3), Draw(3));
        Assert.NotEqual(Draw(3), Draw(4));
    }
}
