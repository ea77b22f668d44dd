/*
 * PGRAPH registers that a driver initialises and nothing here interprets: the
 * address spans of nouveau's register lists and of the code beside them, as
 * tight as those are.  Storage is enough for them (reference 7.2, 7.4).
 *
 * Facts (addresses and lengths) from nouveau nvkm/engine/gr/gf100.c (lists
 * gf100_gr_init_*: gf100_gr_pack_mmio) and ctxgf100.c (gf100_grctx_init_*: the
 * packs hub, gpc_0, zcull, gpc_1 and tpc), equal in 6.1 and 6.12.  Words that
 * have a meaning to the model are left out here; pgraph_regs.h has them.
 *
 * 0x404xxx-0x408xxx are the hub's units; 0x418xxx is broadcast to all GPCs,
 * 0x419xxx to all TPCs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PGRAPH_PACKS_H
#define GPUVM_SPEC_PGRAPH_PACKS_H

#define NV_PGRAPH_PACK_GR(list)  "nouveau gr/gf100.c " list
#define NV_PGRAPH_PACK_CTX(list) "nouveau gr/ctxgf100.c " list

/* X(unit, address, words, stride, source) */
#define NV_PGRAPH_PACKS(X, GR, CTX) \
    X(UNK0054, 0x400054u, 1, 0x4, GR("gf100_gr_init_400054"))                 \
    X(MAIN, 0x400080u, 1, 0x4, GR("gf100_gr_init_main_0"))                    \
    X(MAIN, 0x400088u, 3, 0x4, GR("gf100_gr_init_main_0"))                    \
    X(MAIN, 0x400140u, 1, 0x4, GR("gf100_gr_init_main_0"))                    \
    X(MAIN, 0x400148u, 1, 0x4, GR("gf100_gr_init_main_0"))                    \
    X(FE, 0x404004u, 11, 0x4, CTX("gf100_grctx_init_fe_0"))                   \
    X(FE, 0x404044u, 1, 0x4, CTX("gf100_grctx_init_fe_0"))                    \
    X(FE, 0x404094u, 14, 0x4, CTX("gf100_grctx_init_fe_0"))                   \
    X(FE, 0x4040d0u, 7, 0x4, CTX("gf100_grctx_init_fe_0"))                    \
    X(FE, 0x4040f0u, 1, 0x4, GR("gf100_gr_init_fe_1"))                        \
    X(FE, 0x4040f8u, 1, 0x4, CTX("gf100_grctx_init_fe_0"))                    \
    X(FE, 0x404130u, 3, 0x4, CTX("gf100_grctx_init_fe_0"))                    \
    X(FE, 0x404150u, 3, 0x4, CTX("gf100_grctx_init_fe_0"))                    \
    X(FE, 0x40415cu, 1, 0x4, GR("gf100_gr_init_fe_0"))                        \
    X(FE, 0x404164u, 2, 0x4, CTX("gf100_grctx_init_fe_0"))                    \
    X(FE, 0x404174u, 3, 0x4, CTX("gf100_grctx_init_fe_0"))                    \
    X(PRI, 0x404404u, 14, 0x4, CTX("gf100_grctx_init_pri_0"))                 \
    X(PRI, 0x404460u, 4, 0x4, CTX("gf100_grctx_init_pri_0"))                  \
    X(PRI, 0x404480u, 1, 0x4, CTX("gf100_grctx_init_pri_0"))                  \
    X(PRI, 0x404498u, 1, 0x4, CTX("gf100_grctx_init_pri_0"))                  \
    X(MEMFMT, 0x404604u, 4, 0x4, CTX("gf100_grctx_init_memfmt_0"))            \
    X(MEMFMT, 0x404618u, 53, 0x4, CTX("gf100_grctx_init_memfmt_0"))           \
    X(MEMFMT, 0x4046f0u, 2, 0x4, CTX("gf100_grctx_init_memfmt_0"))            \
    X(MEMFMT, 0x404700u, 22, 0x4, CTX("gf100_grctx_init_memfmt_0"))           \
    X(DS, 0x405800u, 1, 0x4, CTX("gf100_grctx_init_ds_0"))                    \
    X(DS_ZBC, 0x405804u, 9, 0x4, GR("gf100_gr_zbc_clear_color"))              \
    X(DS, 0x405830u, 3, 0x4, CTX("gf100_grctx_init_ds_0"))                    \
    X(DS, 0x405844u, 1, 0x4, GR("gf100_gr_init_ds_0"))                        \
    X(DS, 0x405850u, 1, 0x4, GR("gf100_gr_init_ds_0"))                        \
    X(DS, 0x405854u, 1, 0x4, CTX("gf100_grctx_init_ds_0"))                    \
    X(DS, 0x405870u, 4, 0x4, CTX("gf100_grctx_init_ds_0"))                    \
    X(DS, 0x405908u, 1, 0x4, GR("gf100_gr_init_ds_0"))                        \
    X(DS, 0x405a00u, 2, 0x4, CTX("gf100_grctx_init_ds_0"))                    \
    X(DS, 0x405a18u, 1, 0x4, CTX("gf100_grctx_init_ds_0"))                    \
    X(PD, 0x406020u, 1, 0x4, CTX("gf100_grctx_init_pd_0"))                    \
    X(PD, 0x406024u, 1, 0x4, GR("gf100_gr_init_pd_0"))                        \
    X(PD, 0x406028u, 4, 0x4, CTX("gf100_grctx_init_pd_0"))                    \
    X(PD_SM_GPC, 0x4060a8u, 4, 0x4, CTX("gf100_grctx_generate_r4060a8"))      \
    X(PD, 0x4064a8u, 2, 0x4, CTX("gf100_grctx_init_pd_0"))                    \
    X(PD, 0x4064b4u, 2, 0x4, CTX("gf100_grctx_init_pd_0"))                    \
    X(PD_ALPHA_BETA, 0x406800u, 32, 0x20, CTX("gf100_grctx_generate_alpha_beta_tables")) \
    X(PD_ALPHA_BETA, 0x406c00u, 32, 0x20, CTX("gf100_grctx_generate_alpha_beta_tables")) \
    X(RSTR2D, 0x407804u, 1, 0x4, CTX("gf100_grctx_init_rstr2d_0"))            \
    X(RSTR2D, 0x407808u, 1, 0x4, GR("gf100_gr_init_rstr2d_0"))                \
    X(RSTR2D, 0x40780cu, 6, 0x4, CTX("gf100_grctx_init_rstr2d_0"))            \
    X(RSTR2D, 0x4078bcu, 1, 0x4, CTX("gf100_grctx_init_rstr2d_0"))            \
    X(SCC, 0x408000u, 7, 0x4, CTX("gf100_grctx_init_scc_0"))                  \
    X(SCC_RAM, 0x40802cu, 1, 0x4, CTX("gf100_grctx_generate"))                \
    X(SCC, 0x40803cu, 1, 0x4, GR("gf100_gr_init_scc_0"))                      \
    X(SCC, 0x408064u, 1, 0x4, CTX("gf100_grctx_init_scc_0"))                  \
    X(BE, 0x408800u, 3, 0x4, CTX("gf100_grctx_init_be_0"))                    \
    X(BE, 0x40880cu, 1, 0x4, GR("gf100_gr_init_be_0"))                        \
    X(BE, 0x408900u, 3, 0x4, CTX("gf100_grctx_init_be_0"))                    \
    X(BE, 0x408910u, 9, 0x4, GR("gf100_gr_init_be_0"))                        \
    X(BE, 0x408950u, 2, 0x4, GR("gf100_gr_init_be_0"))                        \
    X(BE, 0x408980u, 1, 0x4, CTX("gf100_grctx_init_be_0"))                    \
    X(BE, 0x408984u, 3, 0x4, GR("gf100_gr_init_be_0"))                        \
    X(GPC_UNK, 0x418380u, 1, 0x4, CTX("gf100_grctx_init_gpc_unk_0"))          \
    X(GPC_UNK, 0x418384u, 1, 0x4, GR("gf100_gr_init_gpc_unk_0"))              \
    X(PROP, 0x418400u, 6, 0x4, CTX("gf100_grctx_init_prop_0"))                \
    X(PROP, 0x418450u, 9, 0x4, CTX("gf100_grctx_init_prop_0"))                \
    X(PROP, 0x4184a0u, 1, 0x4, GR("gf100_gr_init_prop_0"))                    \
    X(GPC_UNK, 0x418600u, 1, 0x4, CTX("gf100_grctx_init_gpc_unk_1"))          \
    X(GPC_UNK, 0x418604u, 1, 0x4, GR("gf100_gr_init_gpc_unk_0"))              \
    X(GPC_UNK, 0x418680u, 1, 0x4, GR("gf100_gr_init_gpc_unk_0"))              \
    X(GPC_UNK, 0x418684u, 1, 0x4, CTX("gf100_grctx_init_gpc_unk_1"))          \
    X(GPC_UNK, 0x418700u, 5, 0x4, CTX("gf100_grctx_init_gpc_unk_1"))          \
    X(GPC_UNK, 0x418714u, 1, 0x4, GR("gf100_gr_init_gpc_unk_0"))              \
    X(SETUP, 0x418800u, 1, 0x4, CTX("gf100_grctx_init_setup_0"))              \
    X(SETUP, 0x418808u, 3, 0x4, CTX("gf100_grctx_init_setup_0"))              \
    X(SETUP, 0x418814u, 3, 0x4, GR("gf100_gr_init_setup_0"))                  \
    X(SETUP, 0x418828u, 1, 0x4, CTX("gf100_grctx_init_setup_0"))              \
    X(SETUP, 0x418830u, 1, 0x4, CTX("gf100_grctx_init_setup_0"))              \
    X(GPC_MMU, 0x418880u, 1, 0x4, GR("gf100_gr_init_gpc_mmu"))                \
    X(GPC_MMU, 0x418888u, 4, 0x4, GR("gf100_gr_init_gpc_mmu"))                \
    X(GPC_MMU, 0x4188a4u, 1, 0x4, GR("gf100_gr_init_gpc_mmu"))                \
    X(GPC_LTCS, 0x4188acu, 1, 0x4, GR("gf100_gr_init_num_active_ltcs"))       \
    X(GPC_MMU, 0x4188b4u, 2, 0x4, GR("gf100_gr_init_gpc_mmu"))                \
    X(SETUP, 0x4188c8u, 4, 0x4, GR("gf100_gr_init_setup_1"))                  \
    X(SETUP, 0x4188d8u, 1, 0x4, CTX("gf100_grctx_init_setup_0"))              \
    X(SETUP, 0x4188e0u, 1, 0x4, CTX("gf100_grctx_init_setup_0"))              \
    X(SETUP, 0x4188e8u, 6, 0x4, CTX("gf100_grctx_init_setup_0"))              \
    X(ZCULL, 0x418910u, 3, 0x4, GR("gf100_gr_init_zcull_0"))                  \
    X(ZCULL, 0x41891cu, 1, 0x4, CTX("gf100_grctx_init_zcull_0"))              \
    X(ZCULL, 0x418924u, 3, 0x4, CTX("gf100_grctx_init_zcull_0"))              \
    X(ZCULL, 0x418980u, 4, 0x4, GR("gf100_gr_init_zcull_0"))                  \
    X(ZCULLR, 0x418a00u, 7, 0x4, CTX("gf100_grctx_init_zcullr_0"))            \
    X(ZCULLR, 0x418a20u, 7, 0x4, CTX("gf100_grctx_init_zcullr_0"))            \
    X(ZCULLR, 0x418a40u, 7, 0x4, CTX("gf100_grctx_init_zcullr_0"))            \
    X(ZCULLR, 0x418a60u, 7, 0x4, CTX("gf100_grctx_init_zcullr_0"))            \
    X(ZCULLR, 0x418a80u, 7, 0x4, CTX("gf100_grctx_init_zcullr_0"))            \
    X(ZCULLR, 0x418aa0u, 7, 0x4, CTX("gf100_grctx_init_zcullr_0"))            \
    X(ZCULLR, 0x418ac0u, 7, 0x4, CTX("gf100_grctx_init_zcullr_0"))            \
    X(ZCULLR, 0x418ae0u, 7, 0x4, CTX("gf100_grctx_init_zcullr_0"))            \
    X(CRSTR, 0x418b00u, 1, 0x4, CTX("gf100_grctx_init_crstr_0"))              \
    X(CRSTR, 0x418b04u, 1, 0x4, GR("gf100_gr_init_crstr_0"))                  \
    X(CRSTR, 0x418b08u, 6, 0x4, CTX("gf100_grctx_init_crstr_0"))              \
    X(CRSTR, 0x418bb8u, 1, 0x4, CTX("gf100_grctx_init_crstr_0"))              \
    X(GPM, 0x418c04u, 1, 0x4, GR("gf100_gr_init_gpm_0"))                      \
    X(GPM, 0x418c08u, 1, 0x4, CTX("gf100_grctx_init_gpm_0"))                  \
    X(GPM, 0x418c10u, 8, 0x4, CTX("gf100_grctx_init_gpm_0"))                  \
    X(GPM, 0x418c80u, 1, 0x4, CTX("gf100_grctx_init_gpm_0"))                  \
    X(GPM, 0x418c88u, 1, 0x4, GR("gf100_gr_init_gpm_0"))                      \
    X(GPM, 0x418c8cu, 1, 0x4, CTX("gf100_grctx_init_gpm_0"))                  \
    X(GPC_UNK, 0x418d00u, 1, 0x4, GR("gf100_gr_init_gpc_unk_1"))              \
    X(GPC_UNK, 0x418e00u, 1, 0x4, GR("gf100_gr_init_gpc_unk_1"))              \
    X(GPC_UNK, 0x418e08u, 1, 0x4, GR("gf100_gr_init_gpc_unk_1"))              \
    X(GPC_UNK, 0x418f08u, 1, 0x4, GR("gf100_gr_init_gpc_unk_1"))              \
    X(GCC, 0x419000u, 3, 0x4, CTX("gf100_grctx_init_gcc_0"))                  \
    X(GCC, 0x41900cu, 1, 0x4, GR("gf100_gr_init_gcc_0"))                      \
    X(GCC, 0x419014u, 1, 0x4, CTX("gf100_grctx_init_gcc_0"))                  \
    X(GCC, 0x419018u, 1, 0x4, GR("gf100_gr_init_gcc_0"))                      \
    X(PE, 0x41980cu, 3, 0x4, GR("gf100_gr_init_pe_0"))                        \
    X(PE, 0x419818u, 1, 0x4, CTX("gf100_grctx_init_pe_0"))                    \
    X(PE, 0x41983cu, 1, 0x4, CTX("gf100_grctx_init_pe_0"))                    \
    X(PE, 0x419844u, 1, 0x4, GR("gf100_gr_init_pe_0"))                        \
    X(PE, 0x419848u, 1, 0x4, CTX("gf100_grctx_init_pe_0"))                    \
    X(PE, 0x41984cu, 5, 0x4, GR("gf100_gr_init_pe_0"))                        \
    X(PE, 0x419864u, 1, 0x4, CTX("gf100_grctx_init_pe_0"))                    \
    X(PE, 0x419880u, 1, 0x4, GR("gf100_gr_init_pe_1"))                        \
    X(PE, 0x419888u, 1, 0x4, CTX("gf100_grctx_init_pe_0"))                    \
    X(TEX, 0x419a00u, 6, 0x4, CTX("gf100_grctx_init_tex_0"))                  \
    X(TEX, 0x419ab0u, 1, 0x4, GR("gf100_gr_init_tex_0"))                      \
    X(TEX, 0x419ab8u, 3, 0x4, GR("gf100_gr_init_tex_0"))                      \
    X(WWDX, 0x419b00u, 6, 0x4, CTX("gf100_grctx_init_wwdx_0"))                \
    X(WWDX, 0x419bd0u, 1, 0x4, CTX("gf100_grctx_init_wwdx_0"))                \
    X(WWDX, 0x419bd4u, 1, 0x4, GR("gf100_gr_init_wwdx_0"))                    \
    X(WWDX, 0x419bdcu, 1, 0x4, GR("gf100_gr_init_wwdx_0"))                    \
    X(WWDX, 0x419be0u, 2, 0x4, CTX("gf100_grctx_init_wwdx_0"))                \
    X(MPC, 0x419c00u, 3, 0x4, CTX("gf100_grctx_init_mpc_0"))                  \
    X(MPC, 0x419c0cu, 1, 0x4, GR("gf100_gr_init_mpc_0"))                      \
    X(MPC, 0x419c20u, 1, 0x4, CTX("gf100_grctx_init_mpc_0"))                  \
    X(L1C, 0x419c98u, 1, 0x4, GR("gf100_gr_init_l1c_0"))                      \
    X(L1C, 0x419ca8u, 1, 0x4, GR("gf100_gr_init_l1c_0"))                      \
    X(L1C, 0x419cb0u, 1, 0x4, CTX("gf100_grctx_init_l1c_0"))                  \
    X(L1C, 0x419cb4u, 5, 0x4, GR("gf100_gr_init_l1c_0"))                      \
    X(L1C, 0x419ce8u, 1, 0x4, CTX("gf100_grctx_init_l1c_0"))                  \
    X(L1C, 0x419cf4u, 1, 0x4, CTX("gf100_grctx_init_l1c_0"))                  \
    X(TPCCS, 0x419d08u, 3, 0x4, GR("gf100_gr_init_tpccs_0"))                  \
    X(TPCCS, 0x419d20u, 2, 0x4, CTX("gf100_grctx_init_tpccs_0"))              \
    X(TPCCS, 0x419d2cu, 1, 0x4, GR("gf100_gr_init_tpccs_1"))                  \
    X(SM, 0x419e00u, 1, 0x4, GR("gf100_gr_init_sm_0"))                        \
    X(SM, 0x419e04u, 4, 0x4, CTX("gf100_grctx_init_sm_0"))                    \
    X(SM, 0x419e44u, 20, 0x4, CTX("gf100_grctx_init_sm_0"))                   \
    X(SM, 0x419e98u, 1, 0x4, CTX("gf100_grctx_init_sm_0"))                    \
    X(SM, 0x419ea0u, 9, 0x4, GR("gf100_gr_init_sm_0"))                        \
    X(SM, 0x419ec8u, 1, 0x4, GR("gf100_gr_init_sm_0"))                        \
    X(SM, 0x419ed0u, 2, 0x4, GR("gf100_gr_init_sm_0"))                        \
    X(SM, 0x419edcu, 1, 0x4, GR("gf100_gr_init_sm_0"))                        \
    X(SM, 0x419f00u, 1, 0x4, GR("gf100_gr_init_sm_0"))                        \
    X(SM, 0x419f2cu, 1, 0x4, GR("gf100_gr_init_sm_0"))                        \
    X(SM, 0x419f50u, 2, 0x4, CTX("gf100_grctx_init_sm_0"))

#endif
