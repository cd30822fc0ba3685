using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
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
        long before = Device.Cpu.MemoryStatistics.BytesInUse;
        var mlp = new Mlp(64, 256);
        mlp.Initialize(0);
        long parameters = Device.Cpu.MemoryStatistics.BytesInUse - before;
        using (MemoryScope.Enter())
        {
            Tensor x = Tensor.Full([16, 64], 1);
            Tensor y = mlp.Forward(x);
            long held = Device.Cpu.MemoryStatistics.BytesInUse - before - parameters;
            Assert.Equal(2 * 4096, held);
            Assert.Equal(new Shape(16, 64), y.Shape);
        }
    }

    [Fact]
    public void EveryPassOfAModuleBearsItsName()
    {
        var layers = new Pair();
        layers.Initialize(1);
        Tensor x = Tensor.Full([1, 2, 2, 4], 1), rows = x.Reshape(1, 4, 4);
        var origins = new Origins();
        using IDisposable observation = Tape.Observe(origins);
        using var tape = Tape.Start();
        layers.Convolution.Forward(new Columns(x, 0, 4));
        layers.Convolution.ForwardGated(x, x, rows);
        x.RequiresGrad = true;
        layers.Attention.Attend(new AttentionInputs(rows, rows, x.Reshape(1, 4, 4)));
        layers.Attention.Mix(new AttentionInputs(rows, rows, x.Reshape(1, 4, 4)));
        Assert.Equal(["conv", "conv", "attn", "attn"], origins.Names.Where(name => name.Length > 0));
    }

    [Fact]
    public void ACheckpointedPassOfTwoInputsHasTheSameBits()
    {
        float[][] Gradients(bool isCheckpointed)
        {
            var pair = new Pair { IsCheckpointed = isCheckpointed };
            pair.Initialize(1);
            Tensor x = Tensor.From(Enumerable.Range(0, 16).Select(i => (i - 8) / 5f).ToArray(), [1, 2, 2, 4]);
            x.RequiresGrad = true;
            using MemoryScope scope = MemoryScope.Enter();
            using var tape = Tape.Start();
            Tensor a = x.Exp(), b = x.Tanh();
            Tensor y = pair.Forward(a, b);
            Assert.Equal(isCheckpointed ? 3 : 5, tape.Count);
            tape.Backward(y, Tensor.Full(y.Shape, 0.3f));
            return [y.ToArray(), x.Grad!.ToArray(), .. pair.Parameters().Select(parameter => parameter.Grad!.ToArray())];
        }

        Assert.Equal(Gradients(false), Gradients(true));
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

    private sealed class Pair : Module
    {
        public Pair()
        {
            Convolution = AddChild("conv", new DepthwiseConv2d(4, 3));
            Attention = AddChild("attn", new SoftmaxAttention(new AttentionShape(4, 2, 4)));
        }

        public DepthwiseConv2d Convolution { get; }

        public SoftmaxAttention Attention { get; }

        public Tensor Forward(Tensor a, Tensor b) => Call((Pair: this, A: a, B: b), static call => (call.A * call.B) + call.Pair.Convolution.Forward(call.A), a, b);

        protected override Tensor Run(Tensor x) => Forward(x, x);
    }

    private sealed class Origins : OperatorOrigins
    {
        public List<string> Names { get; } = [];

        public override void Recorded(Operator op, Tensor output)
        {
            base.Recorded(op, output);
            Names.Add((op.Origin as Module)?.FullName ?? "");
        }
    }
}
