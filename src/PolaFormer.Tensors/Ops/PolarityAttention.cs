using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// Polarity-aware linear attention (PolaFormer, ICLR 2025, eq. 5–7), per image and head of d channels, N queries, n keys:
/// <code>
/// q̃ = q·s, k̂ = (k + e)·s                        s: inverse scale, e: positional encoding
/// q_same = [q̃₊ᵖ, q̃₋ᵖ], q_opp = [q̃₋ᵖ, q̃₊ᵖ], k̃ = [k̂₊ᵖ, k̂₋ᵖ]     x₊ = max(x, 0), x₋ = max(−x, 0)
/// S = k̃ᵀ·v / n (2d×d), z = mean k̃ (2d)
/// y = [q_same·S₁ / (q_same·z + 1e-6), q_opp·S₂ / (q_opp·z + 1e-6)]    S₁, S₂: left ⌈d/2⌉ columns of S and the others
/// </code>
/// The backward pass recomputes the features in blocks. At x = 0 the feature and its gradients for x and p are exactly 0,
/// so a zero query gives y = 0. No N×2d feature tensor is held.
/// </summary>
internal sealed class PolarityAttention : Operator
{
    private readonly Columns _query, _key, _value;
    private readonly Tensor _encoding, _inverseScale, _exponent, _state;
    private readonly int _numHeads;

    private PolarityAttention(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor state)
    {
        Save(query.Source);
        Save(key.Source);
        Save(value.Source);
        (_query, _key, _value, _numHeads) = (query, key, value, numHeads);
        _encoding = Save(encoding);
        _inverseScale = Save(inverseScale);
        _exponent = Save(exponent);
        _state = Save(state);
    }

    public static Tensor Forward(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads)
    {
        int dim = query.Width, headDim = dim / numHeads, batch = query.Source.Shape[0];
        if (key.Width != dim || value.Width != dim || dim % numHeads != 0 || headDim < 2)
            throw new ArgumentException($"Polarity attention takes queries, keys and values of one width that {numHeads} heads of at least two channels share; got {query.Width}, {key.Width}, {value.Width}.");
        if (key.Tokens != value.Tokens || key.Source.Shape[0] != batch || value.Source.Shape[0] != batch)
            throw new ArgumentException($"Polarity attention: {key.Tokens} keys for {value.Tokens} values.");
        if (encoding.Count != (long)key.Tokens * dim)
            throw new ArgumentException($"The positional encoding {encoding.Shape} was made for another resolution: there are {key.Tokens} keys of {dim} channels. Interpolate the checkpoint to this image size.");

        Device device = query.Source.Device;
        Tensor y = device.Empty([batch, query.Tokens, dim]);
        Tensor state = device.PolarityAttention(query, key, value, encoding, inverseScale, exponent, numHeads, y);
        bool tracked = Tape.IsRecording(query.Source, key.Source, value.Source, encoding, inverseScale) || Tape.IsRecording(exponent);
        return tracked ? Tape.Record(new PolarityAttention(query, key, value, encoding, inverseScale, exponent, numHeads, state), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Columns dquery = NewGradient(_query), dkey = NewGradient(_key), dvalue = NewGradient(_value);
        Tensor dinverseScale = device.Empty(_inverseScale.Shape), dexponent = device.Empty(_exponent.Shape);
        device.PolarityAttentionBackward(
            _query, _key, _value, _encoding, _inverseScale, _exponent, _numHeads, _state, dy,
            dquery, dkey, dvalue, dinverseScale, dexponent);

        // The encoding is added to the keys of every image: ∂e = Σ_batch ∂k.
        Tensor keys = dkey.Width == dkey.RowStride ? dkey.Source : device.Empty(dkey.Source.Shape.With(-1, dkey.Width));
        if (!ReferenceEquals(keys, dkey.Source))
            device.Slice(dkey.Source, dkey.Source.Rank - 1, dkey.Start, keys);
        Tensor dencoding = NewGradient(_encoding) ?? device.Empty(_encoding.Shape);
        device.SumTo(keys.View(0, [dkey.Source.Shape[0], dkey.Tokens, dkey.Width]), dencoding.View(0, [1, dkey.Tokens, dkey.Width]));

        Accumulate(_query, dquery);
        Accumulate(_key, dkey);
        Accumulate(_value, dvalue);
        Accumulate(_encoding, dencoding);
        Accumulate(_inverseScale, dinverseScale);
        Accumulate(_exponent, dexponent);
    }
}
