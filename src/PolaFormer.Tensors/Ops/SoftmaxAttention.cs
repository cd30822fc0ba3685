using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = P·v with P = softmax(scale·q·kᵀ + bias + mask), per image and head, computed in blocks of rows.
/// ∂v = Pᵀ·∂y; with G = ∂y·vᵀ and D = P·(G − Σ_row P·G): ∂q = scale·D·k, ∂k = scale·Dᵀ·q, ∂bias = Σ_batch D.
/// P is recomputed in the backward pass from what the device has saved of each row.
/// </summary>
internal sealed class SoftmaxAttention : Operator
{
    private readonly Columns _query, _key, _value;
    private readonly Tensor? _bias, _mask;
    private readonly Tensor _y, _state;
    private readonly int _numHeads;
    private readonly float _scale;

    private SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y, Tensor state)
    {
        Save(query.Source);
        Save(key.Source);
        Save(value.Source);
        (_query, _key, _value, _numHeads, _scale) = (query, key, value, numHeads, scale);
        _bias = SaveIfPresent(bias);
        _mask = SaveIfPresent(mask);
        _y = Save(y);
        _state = Save(state);
    }

    public static Tensor Forward(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask)
    {
        int dim = query.Width, batch = query.Source.Shape[0], tokens = query.Tokens, keys = key.Tokens;
        if (key.Width != dim || value.Width != dim || dim % numHeads != 0 || value.Tokens != keys)
            throw new ArgumentException($"Softmax attention takes queries, keys and values of one width that {numHeads} heads share; got {query.Width}, {key.Width}, {value.Width}.");
        if (bias is not null && bias.Shape != new Shape(numHeads, tokens, keys))
            throw new ArgumentException($"The bias {bias.Shape} is not (heads, queries, keys) = ({numHeads}, {tokens}, {keys}).");
        if (mask is not null && (mask.Rank != 3 || (mask.Shape[1] != tokens && mask.Shape[1] != 1) || mask.Shape[2] != keys || batch % mask.Shape[0] != 0))
            throw new ArgumentException($"The mask {mask.Shape} is not (groups, {tokens} or 1, {keys}) for a batch of {batch}.");

        Device device = query.Source.Device;
        Tensor y = device.Empty([batch, tokens, dim]);
        Tensor state = device.SoftmaxAttention(query, key, value, numHeads, scale, bias, mask, y);
        bool tracked = Tape.IsRecording(query.Source, key.Source, value.Source, bias);
        return tracked ? Tape.Record(new SoftmaxAttention(query, key, value, numHeads, scale, bias, mask, y, state), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        Columns dquery = NewGradient(_query), dkey = NewGradient(_key), dvalue = NewGradient(_value);
        Tensor? dbias = NewGradient(_bias);
        device.SoftmaxAttentionBackward(
            _query, _key, _value, _numHeads, _scale, _bias, _mask, _y, _state, dy,
            dquery, dkey, dvalue, dbias);
        Accumulate(_query, dquery);
        Accumulate(_key, dkey);
        Accumulate(_value, dvalue);
        Accumulate(_bias, dbias);
    }
}
