using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;
using PolaFormer.Training.Optimization;

// Prints digests of what networks compute: logits, those of the network made for inference, gradients and parameters after
// two steps of AdamW, and the states of whole runs. Two builds of the library that print the same lines compute the same bits.
string[] networks = ["pola_pvt_tiny", "pola_swin_tiny", "polaformer_pp_b0", "deit_tiny", "pvt_v2_b0", "swin_tiny", "cswin_tiny", "polaformer_pp_cifar"];

foreach (string name in networks)
{
    VisionModel network = ModelRegistry.Find(name).Create();
    network.Initialize(1);
    Tensor images = Normal([2, network.ImageSize, network.ImageSize, 3], 2);
    network.Evaluate();
    Print($"{name} logits", Compute(() => network.Forward(images)));
    Train(name, network, () => network.Forward(images).LogSoftmax().Slice(1, 0, 1).Mean());
    // Named Freeze in earlier checkouts.
    (typeof(Module).GetMethod("OptimizeForInference") ?? typeof(Module).GetMethod("Freeze"))!.Invoke(network, null);
    Print($"{name} inference", Compute(() => network.Forward(images)));
}

foreach (AttentionEntry entry in AttentionRegistry.All)
{
    AttentionTraits traits = entry.Create(AttentionShape.Grid(16, 2, 4, 6)).Traits;
    Attend(entry, entry.Name, null, isCausal: false);
    if (traits.HasFlag(AttentionTraits.Masked))
        Attend(entry, $"{entry.Name}, padding", Mask(), isCausal: false);
    if (traits.HasFlag(AttentionTraits.Causal))
        Attend(entry, $"{entry.Name}, causal", null, isCausal: true);
}

string recipe = Path.Combine(args.Length > 0 ? args[0] : ".", "configs", "polaformer_pp_cifar.yaml");
TrainingRuns.Print((run, state) => Console.WriteLine($"{$"run ({run})",-48} {Convert.ToHexString(SHA256.HashData(state))[..16]}"), recipe);

static void Attend(AttentionEntry entry, string name, Tensor? mask, bool isCausal)
{
    var layer = new Layer(entry.Create(AttentionShape.Grid(16, 2, 4, 6)), mask, isCausal);
    layer.Initialize(1);
    Tensor x = Normal([3, 4, 6, 16], 2);
    layer.Evaluate();
    Print($"{name} result", Compute(() => layer.Forward(x)));
    Train(name, layer, () => (layer.Forward(x) * Normal([3, 4, 6, 16], 3)).Mean());
}

// Padding at the end and in between.
static Tensor Mask()
{
    float[] isToken = new float[3 * 24];
    for (int i = 0; i < isToken.Length; i++)
        isToken[i] = i % 24 < 24 - (i / 24 * 5) && i % 7 != 3 ? 1 : 0;
    return Tensor.From(isToken, [3, 24]);
}

static void Train(string name, Module module, Func<Tensor> loss)
{
    module.Train();
    var optimizer = new AdamW([new ParameterGroup([.. module.NamedParameters()], WeightDecay: 0.05)]);
    for (int step = 1; step <= 2; step++)
    {
        RandomStep.Current = new RandomStep(5, (ulong)step);
        module.ZeroGrad();
        using (MemoryScope.Enter())
        using (var tape = Tape.Start())
            tape.Backward(loss());
        if (step == 1)
            Print($"{name} gradients", module.Parameters().SelectMany(parameter => parameter.Grad is { } gradient ? gradient.ToArray() : [0f]).ToArray());
        optimizer.Step(1e-3);
    }

    Print($"{name} trained", module.StateDict().Where(entry => entry.Tensor.DType == DType.Float32).SelectMany(entry => entry.Tensor.ToArray()).ToArray());
    module.Evaluate();
}

static float[] Compute(Func<Tensor> forward)
{
    using (MemoryScope.Enter())
        return forward().ToArray();
}

static Tensor Normal(Shape shape, ulong stream)
{
    var random = new Philox(7, stream);
    float[] values = new float[shape.Count];
    for (int i = 0; i < values.Length; i++)
        values[i] = (random.Uniform((ulong)i) * 2) - 1;
    return Tensor.From(values, shape);
}

static void Print(string what, float[] values) => Console.WriteLine($"{what,-48} {Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes<float>(values)))[..16]}");

/// <summary>A mechanism with the projections that it needs, on a grid.</summary>
internal sealed class Layer : Module
{
    private readonly AttentionMechanism _mechanism;
    private readonly Linear _joint;
    private readonly Tensor? _mask;
    private readonly bool _isCausal;

    public Layer(AttentionMechanism mechanism, Tensor? mask, bool isCausal)
    {
        int dim = mechanism.Shape.Dim;
        (_mask, _isCausal) = (mask, isCausal);
        _mechanism = AddChild("attn", mechanism);
        _joint = AddChild("qkvg", new Linear(dim, 4 * dim));
    }

    protected override Tensor Run(Tensor x)
    {
        (int dim, Tensor joint) = (_mechanism.Shape.Dim, _joint.Forward(x));
        return _mechanism.Attend(new AttentionInputs(new Columns(joint, 0, dim), new Columns(joint, dim, dim), new Columns(joint, 2 * dim, dim))
        {
            Height = x.Shape[1],
            Width = x.Shape[2],
            Mask = _mask,
            IsCausal = _isCausal,
            Gate = _mechanism.Traits.HasFlag(AttentionTraits.Gated) ? new Columns(joint, 3 * dim, dim) : default(Columns?),
        }).Reshape(x.Shape);
    }
}
