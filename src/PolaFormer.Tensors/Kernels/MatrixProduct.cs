namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// A batch of matrix products C = act(Alpha·A·B + Bias + Addend), A being M×K, B K×N and C M×N. Strides count floats.
/// C must not overlap A or B. With K = 0 the product is 0.
/// </summary>
internal unsafe struct MatrixProduct
{
    public int M, N, K;
    public float Alpha;

    /// <summary>A(i, l) = A[i·ARow + l·ACol].</summary>
    public float* A;
    public nint ARow, ACol;

    /// <summary>
    /// 0, or the even length of the segments into which k falls where A is the pixels under a kernel: A(i, l) =
    /// A[i·ARow + (l / ASegment)·ASegmentRow + l % ASegment]. With a packed B only.
    /// </summary>
    public int ASegment;
    public nint ASegmentRow;

    /// <summary>B(l, j) = B[l·BRow + j·BCol]; not read where <see cref="PackedB"/> is given.</summary>
    public float* B;
    public nint BRow, BCol;

    /// <summary>Null, or B as laid out by <c>Gemm.PackB</c>: one matrix, shared by the whole batch.</summary>
    public float* PackedB;

    /// <summary>C(i, j) = C[i·CRow + j].</summary>
    public float* C;
    public nint CRow;

    /// <summary>Two levels of batch, such as images × heads.</summary>
    public int OuterBatch, InnerBatch;

    /// <summary>Distances between the matrices of each level of batch; 0 shares one.</summary>
    public nint AOuter, AInner, BOuter, BInner, COuter, CInner;

    /// <summary>Null, or N values added to every row.</summary>
    public float* Bias;

    /// <summary>Null, or matrices laid out as those of C that are added to them; C itself to accumulate.</summary>
    public float* Addend;
    public Activation Activation;

    /// <summary>An empty product with Alpha = 1 and a batch of one.</summary>
    public MatrixProduct()
    {
        Alpha = 1;
        OuterBatch = InnerBatch = 1;
    }

    /// <summary>A single product of contiguous row-major matrices with Alpha = 1.</summary>
    public MatrixProduct(int m, int n, int k, float* a, float* b, float* c) : this()
    {
        M = m;
        N = n;
        K = k;
        A = a;
        ARow = k;
        ACol = 1;
        B = b;
        BRow = n;
        BCol = 1;
        C = c;
        CRow = n;
    }

    /// <summary>Number <paramref name="index"/> of the batch as a product of its own.</summary>
    public readonly MatrixProduct Item(int index)
    {
        (int outer, int inner) = Math.DivRem(index, InnerBatch);
        MatrixProduct item = this;
        item.A += (outer * AOuter) + (inner * AInner);
        item.B += (outer * BOuter) + (inner * BInner);
        item.C += (outer * COuter) + (inner * CInner);
        if (item.Addend != null)
            item.Addend += (outer * COuter) + (inner * CInner);
        item.OuterBatch = item.InnerBatch = 1;
        return item;
    }
}
