using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// The linear attention of PolaFormer++, per image and head of d channels and n tokens, R the rotary encoding:
/// <code>
/// q_same = exp([q₊, q₋]·t₁) − 1, q_opp = exp([q₋, q₊]·t₂) − 1, k̃ = exp([k₊, k₋]) − 1     t: temperatures (2d)
/// S = (R k̃)ᵀ·v / n, z = mean k̃
/// y = [(R q_same)·S₁ / (q_same·z + 1e-6), (R q_opp)·S₂ / (q_opp·z + 1e-6)]
/// </code>
/// exp(x) − 1 is computed as written, as the authors do; relu′(0) = 0, so a zero query gives y = 0 and gradients of 0.
/// </summary>
internal sealed class PolarityAttentionPlusPlus : Operator
{
    private readonly Columns _query, _key, _value;
    private readonly Tensor _same, _opposite, _sin, _cos, _state;
    private readonly int _numHeads;

    private PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor state)
    {
        Save(query.Source);
        Save(key.Source);
        Save(value.Source);
        (_query, _key, _value, _numHeads) = (query, key, value, numHeads);
        _same = Save(same);
        _opposite = Save(opposite);
        _sin = Save(sin);
        _cos = Save(cos);
        _state = Save(state);
    }

    public static Tensor Forward(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads)
    {
        int dim = query.Width, headDim = dim / numHeads, batch = query.Source.Shape[0];
        if (key.Width != dim || value.Width != dim || dim % numHeads != 0 || headDim % 2 != 0)
            throw new ArgumentException($"Polarity attention takes queries, keys and values of one width that {numHeads} heads of an even number of channels share; got {query.Width}, {key.Width}, {value.Width}.");
        if (sin.Shape != new Shape(key.Tokens, 2 * headDim) || cos.Shape != sin.Shape || query.Tokens != key.Tokens || value.Tokens != key.Tokens)
            throw new ArgumentException($"The rotary tables {sin.Shape} do not fit {key.Tokens} tokens of {2 * headDim} features.");

        Device device = query.Source.Device;
        Tensor y = device.Empty([batch, query.Tokens, dim]);
        Tensor state = device.PolarityAttentionPlusPlus(query, key, value, same, opposite, sin, cos, numHeads, y);
        bool tracked = Tape.IsRecording(query.Source, key.Source, value.Source, same, opposite);
        return tracked ? Tape.Record(new PolarityAttentionPlusPlus(query, key, value, same, opposite, sin, cos, numHeads, state), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Columns dquery = NewGradient(_query), dkey = NewGradient(_key), dvalue = NewGradient(_value);
        Tensor dsame = device.Empty(_same.Shape), dopposite = device.Empty(_opposite.Shape);
        device.PolarityAttentionPlusPlusBackward(
            _query, _key, _value, _same, _opposite, _sin, _cos, _numHeads, _state, dy,
            dquery, dkey, dvalue, dsame, dopposite);
        Accumulate(_query, dquery);
        Accumulate(_key, dkey);
        Accumulate(_value, dvalue);
        Accumulate(_same, dsame);
        Accumulate(_opposite, dopposite);
    }
}
