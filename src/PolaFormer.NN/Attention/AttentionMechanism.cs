using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.NN.Attention;

/// <summary>
/// How tokens are mixed: queries, keys and values in, as many tokens as queries out. The layer around it projects; it is an
/// inline part, so its parameters are the layer's in the state dict.
/// </summary>
/// <remarks>Derived types are one a file in <c>Mechanisms/</c>, and open with source, formula and complexity.</remarks>
public abstract class AttentionMechanism : Module
{
    [ThreadStatic]
    private static Action<AttentionMechanism, AttentionInputs>? t_observer;

    /// <summary>Starts a mechanism of a shape.</summary>
    /// <exception cref="ArgumentException">The heads do not divide the channels.</exception>
    protected AttentionMechanism(AttentionShape shape)
    {
        if (shape.NumHeads < 1 || shape.Dim % shape.NumHeads != 0)
            throw new ArgumentException($"{shape.NumHeads} heads do not divide {shape.Dim} channels.");
        Shape = shape;
    }

    /// <summary>What it was made for.</summary>
    public AttentionShape Shape { get; }

    /// <summary>The entry that it was made by; null where it was made directly.</summary>
    public AttentionEntry? RegisteredAs { get; internal set; }

    /// <summary>What it can do and needs.</summary>
    public abstract AttentionTraits Traits { get; }

    /// <summary>
    /// Weights that a head reads its values through, each a run of the head's channels: 1, or 2 for same- and opposite-signed
    /// pairs, or as many as channels.
    /// </summary>
    public virtual int Streams => 1;

    /// <summary>Whether results of tokens depend on the queries of padding, although it is masked.</summary>
    public virtual bool SeesQueriesOfPadding => false;

    /// <summary>Channels of a head that rotary tables are made for.</summary>
    public virtual int RotaryDim => Shape.HeadDim;

    /// <summary>What one image costs.</summary>
    /// <param name="queries">Queries N.</param>
    /// <param name="keys">Keys n.</param>
    public abstract AttentionCost Cost(int queries, int keys);

    /// <summary>Mixes tokens: (B, N, C).</summary>
    /// <exception cref="ArgumentException">The inputs need what the mechanism cannot do.</exception>
    public Tensor Attend(AttentionInputs inputs)
    {
        Require(inputs);
        t_observer?.Invoke(this, inputs);
        return Call(inputs, static pass => pass.Mechanism.RunAttend(pass.Inputs));
    }

    /// <summary>
    /// The part that weighs values, A·v, before local terms, gates and norms: (B, N, C), linear in the values. Analysis reads the
    /// weights A off it.
    /// </summary>
    public Tensor Mix(AttentionInputs inputs)
    {
        Require(inputs);
        return Call(inputs, static pass => pass.Mechanism.RunMix(pass.Inputs));
    }

    /// <summary>Shows every call of <see cref="Attend"/> on this thread to an observer until the result is disposed.</summary>
    public static IDisposable Observe(Action<AttentionMechanism, AttentionInputs> observer)
    {
        var observation = new Observation(t_observer);
        t_observer = observer;
        return observation;
    }

    /// <summary>A·v.</summary>
    protected abstract Tensor RunMix(AttentionInputs inputs);

    /// <summary>The whole mechanism; A·v unless overridden.</summary>
    protected virtual Tensor RunAttend(AttentionInputs inputs) => RunMix(inputs);

    /// <summary>Tokens (B, …, C) that attend to themselves, each its own query, key and value: (B, …, C).</summary>
    protected sealed override Tensor Run(Tensor x) => Attend(new AttentionInputs(x, x, x)
    {
        Height = Shape.Height,
        Width = Shape.Width,
        PrefixTokens = Shape.PrefixTokens,
        Gate = Traits.HasFlag(AttentionTraits.Gated) ? x : default(Columns?),
    }).Reshape(x.Shape);

    /// <summary>The columns alone, (B, N, C).</summary>
    protected static Tensor Tokens(Columns x)
    {
        Tensor all = x.Source.Reshape(x.Source.Shape[0], -1, x.Source.Shape[-1]);
        return x.Width == x.Source.Shape[-1] ? all : all.Slice(2, x.Start, x.Width);
    }

    /// <summary>(B, N, C) as columns → (B, heads, N, d).</summary>
    protected Tensor Heads(Columns x)
    {
        Tensor tokens = Tokens(x);
        return tokens.Reshape(tokens.Shape[0], tokens.Shape[1], Shape.NumHeads, -1).Permute(0, 2, 1, 3);
    }

    /// <summary>(B, heads, N, d) → (B, N, C).</summary>
    protected static Tensor Merge(Tensor heads) =>
        heads.Permute(0, 2, 1, 3).Reshape(heads.Shape[0], heads.Shape[2], heads.Shape[1] * heads.Shape[3]);

    /// <summary>Vectors of the last dimension at length 1, (…, d); a vector of zeros stays one.</summary>
    protected static Tensor Unit(Tensor x) => x * (x.Apply(UnaryFunction.Square).Sum(-1, keepDimensions: true) + 1e-24f).Apply(UnaryFunction.Rsqrt);

    /// <summary>Added to scores (B, heads, N, n), it keeps padding out: 0 for a token, −10⁹ for padding, (B, 1, 1, n).</summary>
    protected static Tensor ScoresOf(Tensor mask) => mask.Affine(1e9f, -1e9f).Reshape(mask.Shape[0], 1, 1, mask.Shape[1]);

    /// <summary>The columns with padding at zero, (B, n, C); the columns themselves without a mask.</summary>
    protected static Columns WithoutPadding(Columns x, Tensor? mask) =>
        mask is null ? x : (Columns)(Tokens(x) * mask.Reshape(mask.Shape[0], mask.Shape[1], 1));

    /// <summary>The generator of a pass: in training, where the shape says so, of the run's seed, this module's name and the step; else the shape's seed.</summary>
    protected Philox Generator()
    {
        if (!Shape.RedrawsInTraining || !IsTraining)
            return new Philox(Shape.Seed, 0);
        return RandomStep.Current.Generator(HashOf(FullName));
    }

    /// <summary>Uniform numbers in [0, 1), (1, 1, count, 1): those given, or what the pass draws.</summary>
    protected Tensor Drawn(float[]? given, int count, Device device)
    {
        if (given is not null && given.Length != count)
            throw new ArgumentException($"{GetType().Name} draws {count} numbers; {given.Length} were given.");
        if (given is not null)
            return Tensor.From(given, [1, 1, count, 1], device);
        Tensor draws = Tensor.Empty([1, 1, count, 1], device: device);
        draws.FillUniform(Generator(), 0, 1);
        return draws;
    }

    /// <summary>
    /// The values of the grid, (B, H, W, C): without those of the prefix, and where a layer has reduced them, stretched along
    /// the flattened sequence, as PVT's linear attentions do.
    /// </summary>
    protected static Columns OnGrid(Columns value, AttentionInputs inputs)
    {
        (int batch, int pixels, int prefix) = (value.Source.Shape[0], inputs.Height * inputs.Width, inputs.PrefixTokens);
        if (prefix == 0 && value.Tokens == pixels)
            return value with { Source = value.Source.Reshape(batch, inputs.Height, inputs.Width, value.Source.Shape[-1]) };
        Tensor tokens = Tokens(value).Slice(1, prefix, value.Tokens - prefix);
        return (tokens.Shape[1] == pixels ? tokens : tokens.InterpolateTokens(pixels)).Reshape(batch, inputs.Height, inputs.Width, value.Width);
    }

    /// <summary>Adds what the grid has more, (B, H, W, C), to tokens (B, N, C); the prefix stays as it is.</summary>
    protected static Tensor AddOnGrid(Tensor tokens, Tensor grid, AttentionInputs inputs)
    {
        (int prefix, Tensor pixels) = (inputs.PrefixTokens, grid.Reshape(tokens.Shape[0], -1, tokens.Shape[2]));
        return prefix == 0 ? tokens + pixels : Tensor.Concat(1, tokens.Slice(1, 0, prefix), tokens.Slice(1, prefix, pixels.Shape[1]) + pixels);
    }

    private Tensor Call(AttentionInputs inputs, Func<Pass, Tensor> run) => Call(
        new Pass(this, inputs), run, inputs.Query.Source, inputs.Key.Source, inputs.Value.Source, inputs.Gate?.Source, inputs.Mask, inputs.ScoreMask, inputs.Rotary?.Sin, inputs.Rotary?.Cos);

    private void Require(AttentionInputs inputs)
    {
        Require(inputs.Mask is null, AttentionTraits.Masked, "takes no padding mask");
        Require(!inputs.IsCausal, AttentionTraits.Causal, "has no causal form");
        Require(inputs.IsSelfAttention || Traits.HasFlag(AttentionTraits.FixedLength), AttentionTraits.CrossAttention, "attends to its own tokens only");
        if (Traits.HasFlag(AttentionTraits.Grid) && inputs.Height * inputs.Width == 0)
            throw new ArgumentException($"{GetType().Name} needs the grid of the tokens; got a sequence.");
        if (Traits.HasFlag(AttentionTraits.Gated) && inputs.Gate is null)
            throw new ArgumentException($"{GetType().Name} needs a gate.");
        bool isInterpolated = Traits.HasFlag(AttentionTraits.Interpolated) && inputs.Height * inputs.Width > 0;
        if (Traits.HasFlag(AttentionTraits.FixedLength) && !isInterpolated && (inputs.Query.Tokens, inputs.Key.Tokens) != (Shape.Tokens, Shape.KeyTokens))
            throw new ArgumentException($"{GetType().Name} was made for {Shape.Tokens} queries and {Shape.KeyTokens} keys; got {inputs.Query.Tokens} and {inputs.Key.Tokens}. Build the model for this image size and interpolate the checkpoint.");

        void Require(bool isNotAsked, AttentionTraits trait, string what)
        {
            if (!isNotAsked && !Traits.HasFlag(trait))
                throw new ArgumentException($"{GetType().Name} {what}.");
        }
    }

    private readonly record struct Pass(AttentionMechanism Mechanism, AttentionInputs Inputs);

    private sealed class Observation(Action<AttentionMechanism, AttentionInputs>? before) : IDisposable
    {
        public void Dispose() => t_observer = before;
    }
}
